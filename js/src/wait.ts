import { schedule } from "./timer.js";

/** Limits how long to wait. */
export interface WaitOptions {
  /** Rejects with the signal's reason when it is aborted. */
  signal?: AbortSignal | undefined;
  /** Rejects with a `DOMException` named `TimeoutError` after this many milliseconds. Default: no limit. */
  timeout?: number | undefined;
}

/**
 * Returns a promise that the options can reject. `start` starts the operation and
 * may return a function that cancels it.
 */
export function wait<V>(
  { signal, timeout = Infinity }: WaitOptions,
  start: (resolve: (value: V) => void, reject: (reason: unknown) => void) => (() => void) | void,
): Promise<V> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let cancel: (() => void) | void;
    const giveUp = (reason: unknown) => {
      cleanUp();
      reject(reason);
      cancel?.();
    };
    const onAbort = () => giveUp(signal?.reason);
    const timer =
      timeout < Infinity
        ? schedule(() => giveUp(new DOMException(`timed out after ${timeout} ms`, "TimeoutError")), timeout)
        : undefined;
    const cleanUp = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    signal?.addEventListener("abort", onAbort);
    try {
      cancel = start(
        (value) => {
          cleanUp();
          resolve(value);
        },
        (reason) => {
          cleanUp();
          reject(reason);
        },
      );
    } catch (error) {
      cleanUp();
      reject(error);
    }
  });
}
