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
/**
 * The messages of a session, in order: those that have not been sent, and those that
 * have not been answered. The caller of `add` limits the unsent messages;
 * `maxUnanswered` limits the others.
 */
export declare class Queue {
    #private;
    /** How many messages have not been sent. */
    get unsent(): number;
    add(message: PendingRequest): void;
    /** Puts messages at the front of the queue. */
    addFirst(messages: PendingRequest[]): void;
    /** Removes a message that has not been sent. */
    cancel(message: PendingRequest | undefined): void;
    /** Rejects an owner's unsent messages. */
    rejectUnsent(owner: object, error: Error): void;
    /** Returns whether there is a message to send. */
    hasNext(): boolean;
    /** Takes the next message to send and returns its ID and its text. */
    next(): [id: number, text: string];
    /** Returns whether a message may have been sent more than once. */
    wasResent(id: number): boolean;
    /** Removes and returns the message that an answer belongs to. */
    takeUnanswered(id: number): PendingRequest | undefined;
    /** Schedules all unanswered messages to be sent again, unchanged. */
    resendUnanswered(): void;
    /** Rejects all unanswered messages, because their answers were lost with the session. */
    rejectUnanswered(): void;
    /** Rejects all messages, for good. */
    rejectAll(error: Error): void;
}
