import type { Limits } from "./envelope.js";

/**
 * Keeps what is sent below the server's limits: a token bucket of half the
 * server's burst. The other half is for messages that the network holds up and
 * delivers together.
 */
export class RateLimiter {
  #rate = Infinity; // per ms
  #burst = 1;
  #left = 1;
  #at = 0;

  limit({ messages_per_second, burst }: Limits): void {
    this.#rate = (messages_per_second || Infinity) / 1000;
    this.#burst = Math.max(1, burst / 2);
    this.#left = this.#burst;
    this.#at = performance.now();
  }

  /** Takes the place of one message: 0, or in how many milliseconds there is one. */
  take(): number {
    if (this.#rate === Infinity) return 0;
    const now = performance.now();
    this.#left = Math.min(this.#burst, this.#left + (now - this.#at) * this.#rate);
    this.#at = now;
    if (this.#left < 1) return Math.ceil((1 - this.#left) / this.#rate);
    this.#left--;
    return 0;
  }
}
