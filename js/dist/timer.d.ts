export type Timer = ReturnType<typeof setTimeout>;
/** Calls a function after `ms` milliseconds, or after the longest delay that timers support. */
export declare function schedule(callback: () => void, ms: number): Timer;
/** Calls a function after 500 to 1000 ms, to retry a request that the server refused. */
export declare function scheduleRetry(callback: () => void): Timer;
