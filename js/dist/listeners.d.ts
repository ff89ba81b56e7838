/** The listeners of one event. */
export declare class Listeners<Args extends unknown[]> {
    #private;
    /**
     * Adds a listener and returns a function that removes it. The same function can be
     * added more than once.
     */
    add(listener: (...args: Args) => void): () => void;
    /** Removes all listeners. */
    clear(): void;
    /**
     * Calls all listeners, except those that another listener removes first. If a
     * listener throws, the exception is reported as uncaught. It stops neither the other
     * listeners nor the client.
     */
    emit(...args: Args): void;
}
