/** The functions to call when something happens. */
export declare class Listeners<Args extends unknown[]> {
    #private;
    /** Adds a function, also a second time, and returns a function that removes it. */
    add(listener: (...args: Args) => void): () => void;
    /** Removes all of them. */
    clear(): void;
    /**
     * Calls all of them, except those that another one removes. One that throws is
     * reported as an uncaught error and stops neither the others nor this client.
     */
    emit(...args: Args): void;
}
