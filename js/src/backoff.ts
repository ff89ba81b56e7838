const initialDelay = 250; // ms
const maxDelay = 15_000; // ms
const floodDelay = 30_000; // ms, at least, after 4029

// Codes below 2000 that the protocol does not name come from a proxy or the browser,
// and tell of the network. After a code of its own, 4100 to 4999, only the application
// knows whether to come back.
const retryableCodes = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015, 4001, 4008, 4029]);

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
  #shortConnections = 0; // connections in a row that were welcome for a short time only
  #unauthenticated = false;

  /**
   * Decides about the close of a connection that was welcome for `connectedFor` milliseconds, by
   * a client that can get a `canReauthenticate` token or not. Undefined: do not come back.
   * A welcome shows that the server is back. One connection after the other that does
   * not last is the server's or the network's trouble, and pauses grow all the same.
   */
  next(code: number, connectedFor: number, canReauthenticate: boolean): RetryDecision | undefined {
    if (!retryableCodes.has(code)) return undefined;
    if (connectedFor >= maxDelay) {
      this.reset();
      this.#unauthenticated = false;
    } else if (connectedFor > 0) {
      this.#failures = 0;
      this.#shortConnections++;
    }
    if (code === 4001) {
      if (!canReauthenticate || this.#unauthenticated) return undefined;
      this.#unauthenticated = true;
    }
    // Full jitter: clients that lost one server come back at any time, not all
    // at the same.
    const jitter = Math.random() * Math.min(maxDelay, initialDelay * 2 ** (this.#shortConnections + this.#failures++));
    return { delay: code === 4029 ? floodDelay + jitter : jitter, newSession: code === 4001 || code === 4029 };
  }

  /** Forgets failures that had a reason which is gone. */
  reset(): void {
    this.#failures = 0;
    this.#shortConnections = 0;
  }
}
