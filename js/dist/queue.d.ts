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
/**
 * The messages of a session, in order: those that wait to be sent and those that
 * wait for their answer. The caller of `add` bounds the former, the server's
 * limits the latter.
 */
export declare class Queue {
    #private;
    /** How many messages have not been sent yet. */
    get unsent(): number;
    add(message: PendingRequest): void;
    /** Puts messages before all others. */
    addFirst(messages: PendingRequest[]): void;
    /** Takes a message back that was not sent yet. */
    cancel(message: PendingRequest | undefined): void;
    /** Rejects the messages of an owner that were not sent yet. */
    rejectUnsent(owner: object, error: Error): void;
    /** Whether there is something to send. */
    hasNext(): boolean;
    /** Takes the next message to send: its id and its text. */
    next(): [id: number, text: string];
    /** Whether a message may have been sent more than once. */
    wasResent(id: number): boolean;
    /** Takes the message that an answer belongs to. */
    takeUnanswered(id: number): PendingRequest | undefined;
    /** Sends what was not answered again, as it was. */
    resendUnanswered(): void;
    /** Rejects what was not answered: its answers are gone with the session. */
    rejectUnanswered(): void;
    /** Rejects everything, for good. */
    rejectAll(error: Error): void;
}
