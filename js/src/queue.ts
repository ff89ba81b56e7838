import { numbered } from "./envelope.js";
import { outcomeUnknown } from "./errors.js";
import type { Body } from "./types.js";

/** A message that asks for an answer. */
export interface Outgoing {
  /** The envelope without its id. */
  text: string;
  /** What the message is not sent without. */
  owner?: object | undefined;
  resolve(reply: Body): void;
  reject(error: Error): void;
}

/** As many messages of a session as a server remembers the answers of. */
const maxUnanswered = 256;

/**
 * The messages of a session, in order: those that wait to be sent and those that
 * wait for their answer. The caller of `add` bounds the former, the server's
 * limits the latter.
 */
export class Queue {
  #lastID = 0;
  #waiting: Outgoing[] = [];
  #again: [number, Outgoing][] = []; // to be sent again, before all that waits
  #resent = 0; // the largest id that was to be sent again
  readonly #unanswered = new Map<number, Outgoing>();

  /** How many messages have not been sent yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  add(message: Outgoing): void {
    this.#waiting.push(message);
  }

  /** Puts messages before all others. */
  addFirst(messages: Outgoing[]): void {
    this.#waiting.unshift(...messages);
  }

  /** Takes a message back that was not sent yet. */
  cancel(message: Outgoing | undefined): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== message);
  }

  /** Rejects the messages of an owner that were not sent yet. */
  drop(owner: object, error: Error): void {
    const dropped = this.#waiting.filter((message) => message.owner === owner);
    this.#waiting = this.#waiting.filter((message) => message.owner !== owner);
    for (const message of dropped) message.reject(error);
  }

  /** Whether there is something to send. */
  ready(): boolean {
    // What was missed may hold the answers that were waited for.
    while (this.#again[0] && !this.#unanswered.has(this.#again[0][0])) this.#again.shift();
    return this.#again.length > 0 || (this.#waiting.length > 0 && this.#unanswered.size < maxUnanswered);
  }

  /** Takes the next message to send: its id and its text. */
  next(): [id: number, text: string] {
    const [id, message] = this.#again.shift() ?? [++this.#lastID, this.#waiting.shift()!];
    this.#unanswered.set(id, message);
    return [id, numbered(message.text, id)];
  }

  /** Whether a message may have been sent more than once. */
  wasResent(id: number): boolean {
    return id <= this.#resent;
  }

  /** Takes the message that an answer belongs to. */
  answered(id: number): Outgoing | undefined {
    const message = this.#unanswered.get(id);
    this.#unanswered.delete(id);
    return message;
  }

  /** Sends what was not answered again, as it was. */
  resend(): void {
    this.#again = [...this.#unanswered];
    this.#resent = this.#lastID;
  }

  /** Rejects what was not answered: its answers are gone with the session. */
  lose(): void {
    const lost = [...this.#unanswered.values()];
    this.#unanswered.clear();
    this.#again = [];
    for (const message of lost) message.reject(outcomeUnknown());
  }

  /** Rejects everything, for good. */
  end(error: Error): void {
    this.lose();
    for (const message of this.#waiting.splice(0)) message.reject(error);
  }
}
