/** The functions that are to be called when something happens. */
export class Listeners<Args extends unknown[]> {
  readonly #functions = new Set<(...args: Args) => void>();

  /** Adds a function and returns what takes it away again. */
  add(listener: (...args: Args) => void): () => void {
    // In a function of its own, so that the same one may be added twice.
    const own = (...args: Args) => listener(...args);
    this.#functions.add(own);
    return () => void this.#functions.delete(own);
  }

  /**
   * Calls all of them. One that throws is reported as an uncaught error and keeps
   * neither the others nor this client from going on.
   */
  call(...args: Args): void {
    for (const listener of [...this.#functions]) {
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
