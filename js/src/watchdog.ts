import { type Timer, schedule } from "./timer.js";

// How long what has arrived may take to be delivered after a timer that was late.
const gracePeriod = 1_000; // ms

/**
 * Notices that nothing is read any more. Only the clock counts, never the timer:
 * in a tab in the background, or after a machine has slept, timers are late and
 * may run before messages that have long arrived. The clock is the monotonic one,
 * so that setting the date cuts nobody off.
 */
export class Watchdog {
  #limit = 0;
  #resetAt = performance.now();
  #dueAt = 0;
  #inGracePeriod = false;
  #timer: Timer | undefined;
  readonly #onExpired: () => void;

  constructor(limit: number, onExpired: () => void) {
    this.#onExpired = onExpired;
    this.setLimit(limit);
  }

  /** Sets how many milliseconds of silence are allowed; 0 or less is no limit. */
  setLimit(limit: number): void {
    this.#limit = limit;
    this.stop();
    if (limit > 0) this.#scheduleCheck(limit);
  }

  /** Notes that something was read. */
  reset(): void {
    this.#resetAt = performance.now();
    this.#inGracePeriod = false;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  // A timer that is too long for the platform runs early, and then waits for the rest.
  #scheduleCheck(delay: number): void {
    this.#dueAt = performance.now() + delay;
    this.#timer = schedule(() => this.#check(), delay);
  }

  #check(): void {
    const now = performance.now();
    const left = this.#resetAt + this.#limit - now;
    if (left > 0) {
      this.#scheduleCheck(left);
    } else if (!this.#inGracePeriod && now - this.#dueAt >= gracePeriod) {
      this.#inGracePeriod = true;
      this.#scheduleCheck(gracePeriod);
    } else {
      this.#onExpired();
    }
  }
}
