/** What to do about a connection that has closed. */
export interface RetryDecision {
    /** Milliseconds until the next attempt. */
    delay: number;
    /** Whether the next connection begins a new session. */
    newSession: boolean;
}
/** Says whether and when to come back, by the protocol's table of close codes. */
export declare class Backoff {
    #private;
    /**
     * Decides about the close of a connection that was welcome for `connectedFor` milliseconds, by
     * a client that can get a `canReauthenticate` token or not. Undefined: do not come back.
     * A welcome shows that the server is back. One connection after the other that does
     * not last is the server's or the network's trouble, and pauses grow all the same.
     */
    next(code: number, connectedFor: number, canReauthenticate: boolean): RetryDecision | undefined;
    /** Forgets failures that had a reason which is gone. */
    reset(): void;
}
