import type { Limits } from "./envelope.js";

/**
 * Keeps the sending rate below the server's limits with a token bucket that holds half
 * of the server's burst. The other half is a reserve for messages that the network
 * delays and then delivers together.
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

  /**
   * Takes a token for one message and returns 0. If there is none, returns the
   * milliseconds until the next.
   */
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
