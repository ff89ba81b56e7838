/**
 * Hands on what a connection received, in order. After the answer to a join it
 * rests until the next task: whoever awaits the join registers listeners by then,
 * also where a WebSocket delivers several messages in one task, as those of
 * Node.js do.
 */
export class Inbox {
  #held: (() => void)[] | undefined;

  /** Runs the task now or, at rest, in its turn. */
  push(task: () => void): void {
    if (this.#held) this.#held.push(task);
    else task();
  }

  rest(): void {
    if (this.#held) return;
    this.#held = [];
    setTimeout(() => this.#release(), 0);
  }

  #release(): void {
    const tasks = this.#held ?? [];
    this.#held = undefined;
    for (const task of tasks) this.push(task);
  }
}
