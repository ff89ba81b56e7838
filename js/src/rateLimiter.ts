import type { Limits } from "./envelope.js";

/**
 * Keeps what is sent below the server's limits: a token bucket of half the
 * server's burst. The other half is for messages that the network holds up and
 * delivers together.
 */
export class RateLimiter {
  #rate = Infinity; // per ms
  #capacity = 1;
  #tokens = 1;
  #updatedAt = 0;

  setLimits({ messages_per_second, burst }: Limits): void {
    this.#rate = (messages_per_second || Infinity) / 1000;
    this.#capacity = Math.max(1, burst / 2);
    this.#tokens = this.#capacity;
    this.#updatedAt = performance.now();
  }

  /** Takes the place of one message: 0, or in how many milliseconds there is one. */
  take(): number {
    if (this.#rate === Infinity) return 0;
    const now = performance.now();
    this.#tokens = Math.min(this.#capacity, this.#tokens + (now - this.#updatedAt) * this.#rate);
    this.#updatedAt = now;
    if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) / this.#rate);
    this.#tokens--;
    return 0;
  }
}
