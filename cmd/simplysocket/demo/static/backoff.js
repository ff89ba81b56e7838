// When to come back after a connection has closed: what the protocol's table of
// close codes asks for.

const firstDelay = 500;
const longestDelay = 15_000;
const floodDelay = 30_000;

const stayAway = new Set([1000, 1002, 1003, 1007, 1008, 1009, 4003, 4009]);

export class Backoff {
  #failures = 0;
  #turnedAway = false;

  // next returns after how many milliseconds to come back, or nothing for not
  // at all. A connection that lasted shows that the server was well; one that
  // did not counts as a failure, welcomed or not.
  next(code, lasted) {
    if (stayAway.has(code)) return undefined;
    if (lasted > longestDelay) this.reset();
    if (code === 4001) {
      if (this.#turnedAway) return undefined;
      this.#turnedAway = true;
    }
    // Full jitter: clients that lost one server come back at any time, not at
    // the same.
    const delay = Math.random() * Math.min(longestDelay, firstDelay * 2 ** this.#failures++);
    return code === 4029 ? floodDelay + delay : delay;
  }

  reset() {
    this.#failures = 0;
    this.#turnedAway = false;
  }
}
