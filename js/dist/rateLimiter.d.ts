import type { Limits } from "./envelope.js";
/**
 * Keeps the sending rate below the server's limits with a token bucket that holds half
 * of the server's burst. The other half is a reserve for messages that the network
 * delays and then delivers together.
 */
export declare class RateLimiter {
    #private;
    setLimits({ messages_per_second, burst }: Limits): void;
    /**
     * Takes a token for one message and returns 0. If there is none, returns the
     * milliseconds until the next.
     */
    take(): number;
}
