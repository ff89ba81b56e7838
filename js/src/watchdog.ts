import { type Timer, schedule } from "./timer.js";

// After a late timer, how long to wait for messages that have already arrived.
const gracePeriod = 1_000; // ms

/**
 * Detects that nothing is received anymore. It relies on the clock, not on its timer:
 * in a background tab, or after the machine has slept, timers are late and may fire
 * before messages that arrived long ago are delivered. The clock is monotonic, so a
 * change of the date disconnects nobody.
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

  /** Sets how many milliseconds of silence are allowed; 0 or less means no limit. */
  setLimit(limit: number): void {
    this.#limit = limit;
    this.stop();
    if (limit > 0) this.#scheduleCheck(limit);
  }

  /** Restarts the countdown, because something was received. */
  reset(): void {
    this.#resetAt = performance.now();
    this.#inGracePeriod = false;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  // A delay that is too long for the platform fires early. The check then waits for the
  // rest.
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
