export type Timer = ReturnType<typeof setTimeout>;
/** Runs a function after some milliseconds, or after the longest time that a timer takes. */
export declare function later(run: () => void, ms: number): Timer;
/** Runs a function within a second: what was refused, once more. */
export declare function soon(run: () => void): Timer;
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
export declare function waiting<V>({ signal, timeout }: WaitOptions, start: (resolve: (value: V) => void, reject: (reason: unknown) => void) => (() => void) | void): Promise<V>;
