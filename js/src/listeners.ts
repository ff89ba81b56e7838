/** The functions to call when something happens. */
export class Listeners<Args extends unknown[]> {
  readonly #functions = new Set<(...args: Args) => void>();

  /** Adds a function, also a second time, and returns a function that removes it. */
  add(listener: (...args: Args) => void): () => void {
    const wrapper = (...args: Args) => listener(...args);
    this.#functions.add(wrapper);
    return () => void this.#functions.delete(wrapper);
  }

  /** Removes all of them. */
  clear(): void {
    this.#functions.clear();
  }

  /**
   * Calls all of them, except those that another one removes. One that throws is
   * reported as an uncaught error and stops neither the others nor this client.
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
