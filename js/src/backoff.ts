const first = 250; // ms
const longest = 15_000; // ms
const flooding = 30_000; // ms, at least, after 4029

// Codes below 2000 that the protocol does not name come from a proxy or the browser,
// and tell of the network. After a code of its own, 4100 to 4999, only the application
// knows whether to come back.
const returning = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015, 4001, 4008, 4029]);

/** What to do about a connection that has closed. */
export interface RetryDecision {
  /** Milliseconds until the next attempt. */
  delay: number;
  /** Whether the next connection begins a new session. */
  newSession: boolean;
}

/** Says whether and when to come back, by the protocol's table of close codes. */
export class Backoff {
  #failures = 0; // attempts since the last welcome
  #cuts = 0; // connections in a row that were welcome for a short time only
  #turnedAway = false;

  /**
   * Decides about the close of a connection that was welcome for `lasted` milliseconds, by
   * a client that can get a `fresh` token or not. Undefined: do not come back.
   * A welcome shows that the server is back. One connection after the other that does
   * not last is the server's or the network's trouble, and pauses grow all the same.
   */
  next(code: number, lasted: number, fresh: boolean): RetryDecision | undefined {
    if (!returning.has(code)) return undefined;
    if (lasted >= longest) {
      this.reset();
      this.#turnedAway = false;
    } else if (lasted > 0) {
      this.#failures = 0;
      this.#cuts++;
    }
    if (code === 4001) {
      if (!fresh || this.#turnedAway) return undefined;
      this.#turnedAway = true;
    }
    // Full jitter: clients that lost one server come back at any time, not all
    // at the same.
    const jitter = Math.random() * Math.min(longest, first * 2 ** (this.#cuts + this.#failures++));
    return { delay: code === 4029 ? flooding + jitter : jitter, newSession: code === 4001 || code === 4029 };
  }

  /** Forgets failures that had a reason which is gone. */
  reset(): void {
    this.#failures = 0;
    this.#cuts = 0;
  }
}
