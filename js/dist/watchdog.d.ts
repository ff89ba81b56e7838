/**
 * Notices that nothing is read any more. Only the clock counts, never the timer:
 * in a tab in the background, or after a machine has slept, timers are late and
 * may run before messages that have long arrived. The clock is the monotonic one,
 * so that setting the date cuts nobody off.
 */
export declare class Watchdog {
    #private;
    constructor(limit: number, onExpired: () => void);
    /** Sets how many milliseconds of silence are allowed; 0 or less is no limit. */
    setLimit(limit: number): void;
    /** Notes that something was read. */
    reset(): void;
    stop(): void;
}
