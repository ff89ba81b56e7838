/** The listeners of one event. */
export class Listeners<Args extends unknown[]> {
  readonly #functions = new Set<(...args: Args) => void>();

  /**
   * Adds a listener and returns a function that removes it. The same function can be
   * added more than once.
   */
  add(listener: (...args: Args) => void): () => void {
    const wrapper = (...args: Args) => listener(...args);
    this.#functions.add(wrapper);
    return () => void this.#functions.delete(wrapper);
  }

  /** Removes all listeners. */
  clear(): void {
    this.#functions.clear();
  }

  /**
   * Calls all listeners, except those that another listener removes first. If a
   * listener throws, the exception is reported as uncaught. It stops neither the other
   * listeners nor the client.
   */
  emit(...args: Args): void {
    for (const listener of [...this.#functions]) {
      if (!this.#functions.has(listener)) continue;
      try {
        listener(...args);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
