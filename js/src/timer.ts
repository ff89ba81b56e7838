/** The longest delay of `setTimeout`, about 24.8 days. A longer one would fire at once. */
const maxDelay = 2 ** 31 - 1; // ms

export type Timer = ReturnType<typeof setTimeout>;

/** Calls a function after `ms` milliseconds, or after the longest delay that timers support. */
export function schedule(callback: () => void, ms: number): Timer {
  return setTimeout(callback, Math.min(ms, maxDelay));
}

/** Calls a function after 500 to 1000 ms, to retry a request that the server refused. */
export function scheduleRetry(callback: () => void): Timer {
  return schedule(callback, 500 + 500 * Math.random());
}
