const initialDelay = 250; // ms
const maxDelay = 15_000; // ms
const floodDelay = 30_000; // ms; the minimum after 4029

// Codes below 2000 that the protocol does not define come from a proxy or the browser
// and mean network trouble. After an application's own code, 4100 to 4999, only the
// application knows whether to reconnect.
const retryableCodes = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015, 4001, 4008, 4029]);

/** What to do after a connection has closed. */
export interface RetryDecision {
  /** Milliseconds until the next attempt. */
  delay: number;
  /** Whether the next connection starts a new session. */
  newSession: boolean;
}

/** Decides whether and when to reconnect, following the protocol's table of close codes. */
export class Backoff {
  #failures = 0; // attempts since the last welcome
  #shortConnections = 0; // consecutive connections that ended soon after the welcome
  #unauthenticated = false;

  /**
   * Decides what to do after a close. `connectedFor` is the time since the welcome in
   * milliseconds; 0 means there was no welcome. `canReauthenticate` says whether the
   * client can get a new token. Returns undefined if the client must not reconnect.
   *
   * A welcome shows that the server is back, so failed attempts no longer count.
   * Connections that keep breaking soon after the welcome still make the delay grow.
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
    // Full jitter: clients that lost the same server reconnect at random times, not all
    // at once.
    const jitter = Math.random() * Math.min(maxDelay, initialDelay * 2 ** (this.#shortConnections + this.#failures++));
    return { delay: code === 4029 ? floodDelay + jitter : jitter, newSession: code === 4001 || code === 4029 };
  }

  /** Forgets past failures, because their cause is gone. */
  reset(): void {
    this.#failures = 0;
    this.#shortConnections = 0;
  }
}
