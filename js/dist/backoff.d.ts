/** What to do after a connection has closed. */
export interface RetryDecision {
    /** Milliseconds until the next attempt. */
    delay: number;
    /** Whether the next connection starts a new session. */
    newSession: boolean;
}
/** Decides whether and when to reconnect, following the protocol's table of close codes. */
export declare class Backoff {
    #private;
    /**
     * Decides what to do after a close. `connectedFor` is the time since the welcome in
     * milliseconds; 0 means there was no welcome. `canReauthenticate` says whether the
     * client can get a new token. Returns undefined if the client must not reconnect.
     *
     * A welcome shows that the server is back, so failed attempts no longer count.
     * Connections that keep breaking soon after the welcome still make the delay grow.
     */
    next(code: number, connectedFor: number, canReauthenticate: boolean): RetryDecision | undefined;
    /** Forgets past failures, because their cause is gone. */
    reset(): void;
}
