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
export declare function wait<V>({ signal, timeout }: WaitOptions, start: (resolve: (value: V) => void, reject: (reason: unknown) => void) => (() => void) | void): Promise<V>;
