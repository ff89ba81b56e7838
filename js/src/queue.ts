import { withID } from "./envelope.js";
import { outcomeUnknown } from "./errors.js";
import type { Body } from "./types.js";

/** A message that expects an answer. */
export interface PendingRequest {
  /** The envelope without its ID. */
  text: string;
  /** The room that the message belongs to. The message is not sent after the room has ended. */
  owner?: object | undefined;
  resolve(reply: Body): void;
  reject(error: Error): void;
}

/** How many answers a server remembers for each session. */
const maxUnanswered = 256;

/**
 * The messages of a session, in order: those that have not been sent, and those that
 * have not been answered. The caller of `add` limits the unsent messages;
 * `maxUnanswered` limits the others.
 */
export class Queue {
  #lastID = 0;
  #unsent: PendingRequest[] = [];
  #toResend: [number, PendingRequest][] = []; // sent before all unsent messages
  #lastResentID = 0; // the largest ID of the messages to resend
  readonly #unanswered = new Map<number, PendingRequest>();

  /** How many messages have not been sent. */
  get unsent(): number {
    return this.#unsent.length;
  }

  add(message: PendingRequest): void {
    this.#unsent.push(message);
  }

  /** Puts messages at the front of the queue. */
  addFirst(messages: PendingRequest[]): void {
    this.#unsent.unshift(...messages);
  }

  /** Removes a message that has not been sent. */
  cancel(message: PendingRequest | undefined): void {
    this.#unsent = this.#unsent.filter((unsent) => unsent !== message);
  }

  /** Rejects an owner's unsent messages. */
  rejectUnsent(owner: object, error: Error): void {
    const rejected = this.#unsent.filter((message) => message.owner === owner);
    this.#unsent = this.#unsent.filter((message) => message.owner !== owner);
    for (const message of rejected) message.reject(error);
  }

  /** Returns whether there is a message to send. */
  hasNext(): boolean {
    // The missed messages may include the answers to messages that were to be resent.
    while (this.#toResend[0] && !this.#unanswered.has(this.#toResend[0][0])) this.#toResend.shift();
    return this.#toResend.length > 0 || (this.#unsent.length > 0 && this.#unanswered.size < maxUnanswered);
  }

  /** Takes the next message to send and returns its ID and its text. */
  next(): [id: number, text: string] {
    const [id, message] = this.#toResend.shift() ?? [++this.#lastID, this.#unsent.shift()!];
    this.#unanswered.set(id, message);
    return [id, withID(message.text, id)];
  }

  /** Returns whether a message may have been sent more than once. */
  wasResent(id: number): boolean {
    return id <= this.#lastResentID;
  }

  /** Removes and returns the message that an answer belongs to. */
  takeUnanswered(id: number): PendingRequest | undefined {
    const message = this.#unanswered.get(id);
    this.#unanswered.delete(id);
    return message;
  }

  /** Schedules all unanswered messages to be sent again, unchanged. */
  resendUnanswered(): void {
    this.#toResend = [...this.#unanswered];
    this.#lastResentID = this.#lastID;
  }

  /** Rejects all unanswered messages, because their answers were lost with the session. */
  rejectUnanswered(): void {
    const lost = [...this.#unanswered.values()];
    this.#unanswered.clear();
    this.#toResend = [];
    for (const message of lost) message.reject(outcomeUnknown());
  }

  /** Rejects all messages, for good. */
  rejectAll(error: Error): void {
    this.rejectUnanswered();
    for (const message of this.#unsent.splice(0)) message.reject(error);
  }
}
