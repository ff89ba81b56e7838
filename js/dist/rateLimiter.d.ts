import type { Limits } from "./envelope.js";
/**
 * Keeps what is sent below the server's limits: a token bucket of half the
 * server's burst. The other half is for messages that the network holds up and
 * delivers together.
 */
export declare class RateLimiter {
    #private;
    setLimits({ messages_per_second, burst }: Limits): void;
    /** Takes the place of one message: 0, or in how many milliseconds there is one. */
    take(): number;
}
