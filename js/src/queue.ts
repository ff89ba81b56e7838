import { withID } from "./envelope.js";
import { outcomeUnknown } from "./errors.js";
import type { Body } from "./types.js";

/** A message that asks for an answer. */
export interface PendingRequest {
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
  #unsent: PendingRequest[] = [];
  #toResend: [number, PendingRequest][] = []; // to be sent again, before all that waits
  #lastResentID = 0; // the largest id that was to be sent again
  readonly #unanswered = new Map<number, PendingRequest>();

  /** How many messages have not been sent yet. */
  get unsent(): number {
    return this.#unsent.length;
  }

  add(message: PendingRequest): void {
    this.#unsent.push(message);
  }

  /** Puts messages before all others. */
  addFirst(messages: PendingRequest[]): void {
    this.#unsent.unshift(...messages);
  }

  /** Takes a message back that was not sent yet. */
  cancel(message: PendingRequest | undefined): void {
    this.#unsent = this.#unsent.filter((unsent) => unsent !== message);
  }

  /** Rejects the messages of an owner that were not sent yet. */
  rejectUnsent(owner: object, error: Error): void {
    const rejected = this.#unsent.filter((message) => message.owner === owner);
    this.#unsent = this.#unsent.filter((message) => message.owner !== owner);
    for (const message of rejected) message.reject(error);
  }

  /** Whether there is something to send. */
  hasNext(): boolean {
    // What was missed may hold the answers that were waited for.
    while (this.#toResend[0] && !this.#unanswered.has(this.#toResend[0][0])) this.#toResend.shift();
    return this.#toResend.length > 0 || (this.#unsent.length > 0 && this.#unanswered.size < maxUnanswered);
  }

  /** Takes the next message to send: its id and its text. */
  next(): [id: number, text: string] {
    const [id, message] = this.#toResend.shift() ?? [++this.#lastID, this.#unsent.shift()!];
    this.#unanswered.set(id, message);
    return [id, withID(message.text, id)];
  }

  /** Whether a message may have been sent more than once. */
  wasResent(id: number): boolean {
    return id <= this.#lastResentID;
  }

  /** Takes the message that an answer belongs to. */
  takeUnanswered(id: number): PendingRequest | undefined {
    const message = this.#unanswered.get(id);
    this.#unanswered.delete(id);
    return message;
  }

  /** Sends what was not answered again, as it was. */
  resendUnanswered(): void {
    this.#toResend = [...this.#unanswered];
    this.#lastResentID = this.#lastID;
  }

  /** Rejects what was not answered: its answers are gone with the session. */
  rejectUnanswered(): void {
    const lost = [...this.#unanswered.values()];
    this.#unanswered.clear();
    this.#toResend = [];
    for (const message of lost) message.reject(outcomeUnknown());
  }

  /** Rejects everything, for good. */
  rejectAll(error: Error): void {
    this.rejectUnanswered();
    for (const message of this.#unsent.splice(0)) message.reject(error);
  }
}
