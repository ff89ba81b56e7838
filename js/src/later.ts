/** The longest time that a timer takes, some 24.8 days; one that is longer would run at once. */
const longest = 2 ** 31 - 1; // ms

export type Timer = ReturnType<typeof setTimeout>;

/** Runs a function after some milliseconds, or after the longest time that a timer takes. */
export function later(run: () => void, ms: number): Timer {
  return setTimeout(run, Math.min(ms, longest));
}

/** Runs a function within a second: what was refused, once more. */
export function soon(run: () => void): Timer {
  return later(run, 500 + 500 * Math.random());
}

/** How long to wait for something. */
export interface WaitOptions {
  /** Rejects with the signal's reason once it is aborted. */
  signal?: AbortSignal | undefined;
  /** Rejects with a `DOMException` named `TimeoutError` after so many milliseconds. Default: no limit. */
  timeout?: number | undefined;
}

/**
 * A promise that the options may reject. `start` begins what is waited for and
 * returns what abandons it.
 */
export function waiting<V>(
  { signal, timeout = Infinity }: WaitOptions,
  start: (resolve: (value: V) => void, reject: (reason: unknown) => void) => (() => void) | void,
): Promise<V> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let abandon: (() => void) | void;
    const giveUp = (reason: unknown) => {
      settled();
      reject(reason);
      abandon?.();
    };
    const aborted = () => giveUp(signal?.reason);
    const timer =
      timeout < Infinity ? later(() => giveUp(new DOMException(`not within ${timeout} ms`, "TimeoutError")), timeout) : undefined;
    const settled = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
    };
    signal?.addEventListener("abort", aborted);
    try {
      abandon = start(
        (value) => {
          settled();
          resolve(value);
        },
        (reason) => {
          settled();
          reject(reason);
        },
      );
    } catch (error) {
      settled();
      reject(error);
    }
  });
}
