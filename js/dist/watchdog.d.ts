/**
 * Detects that nothing is received anymore. It relies on the clock, not on its timer:
 * in a background tab, or after the machine has slept, timers are late and may fire
 * before messages that arrived long ago are delivered. The clock is monotonic, so a
 * change of the date disconnects nobody.
 */
export declare class Watchdog {
    #private;
    constructor(limit: number, onExpired: () => void);
    /** Sets how many milliseconds of silence are allowed; 0 or less means no limit. */
    setLimit(limit: number): void;
    /** Restarts the countdown, because something was received. */
    reset(): void;
    stop(): void;
}
