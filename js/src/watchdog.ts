import { type Timer, later } from "./later.js";

// How long what has arrived may take to be delivered after a timer that was late.
const lastChance = 1_000; // ms

/**
 * Notices that nothing is read any more. Only the clock counts, never the timer:
 * in a tab in the background, or after a machine has slept, timers are late and
 * may run before messages that have long arrived. The clock is the monotonic one,
 * so that setting the date cuts nobody off.
 */
export class Watchdog {
  #limit = 0;
  #heard = performance.now();
  #due = 0;
  #warned = false;
  #timer: Timer | undefined;
  readonly #broken: () => void;

  constructor(limit: number, broken: () => void) {
    this.#broken = broken;
    this.allow(limit);
  }

  /** Sets how many milliseconds of silence are allowed; 0 or less is no limit. */
  allow(limit: number): void {
    this.#limit = limit;
    this.stop();
    if (limit > 0) this.#wait(limit);
  }

  /** Notes that something was read. */
  heard(): void {
    this.#heard = performance.now();
    this.#warned = false;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  // A timer that is too long for the platform runs early, and then waits for the rest.
  #wait(delay: number): void {
    this.#due = performance.now() + delay;
    this.#timer = later(() => this.#check(), delay);
  }

  #check(): void {
    const now = performance.now();
    const left = this.#heard + this.#limit - now;
    if (left > 0) {
      this.#wait(left);
    } else if (!this.#warned && now - this.#due >= lastChance) {
      this.#warned = true;
      this.#wait(lastChance);
    } else {
      this.#broken();
    }
  }
}
