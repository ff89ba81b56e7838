import { Channel } from "./channel.js";
import type { Action, Body, ClosedReason, History, Info, MemberList, Message, Presence, RoomTypes, Sends, Untyped, Welcome } from "./types.js";
import type { WaitOptions } from "./wait.js";
/** Whether a request of the client's own, which may run twice, is worth another attempt. */
export declare function isRetryable(error: unknown): boolean;
/** A place in the output of a room. */
export type Position = [epoch: number, seq: number];
/** What a page keeps of a room for the page that is loaded next in its tab. */
export interface SavedRoom {
    name: string;
    position: Position;
    welcome: Body;
    /** Whether the server put the client there. */
    addedByServer: boolean;
}
/**
 * A room that this client is in. It stays the same object while the connection
 * breaks and returns. Once the client is out of the room, for the `closed` reason,
 * the object is of no more use, also if the client joins a room of this name
 * again: its methods reject with a `RoomError` whose code is the reason (or, with
 * the socket, a `ConnectionError`) and its listeners are called no more.
 */
export declare class Room<T extends RoomTypes<T> = Untyped> extends Channel<T> {
    #private;
    /** The room's name. */
    get name(): string;
    /**
     * The slugs of the members, this client's included, in the order of their
     * joining: the first 100 and those that came since. Rooms with more than some
     * 200 members announce nobody, so that only `count` is right there. Each change,
     * also of a presence, makes another array.
     */
    get members(): readonly string[];
    /** What is known about one of the `members`. */
    presence(client: string): Presence<Info<T>> | undefined;
    /** The number of members, this client included. */
    get count(): number;
    /** What the room said on joining, or on joining again: the body of `joined-room`. */
    get welcome(): Welcome<T>;
    /** Why this client is out of the room; undefined while it is in. */
    get closed(): ClosedReason | undefined;
    /** Sends a message to one member alone, by its slug; as `send`. */
    sendTo<K extends Action<Sends<T>>>(client: string, action: K, body: Sends<T>[K], options?: WaitOptions): Promise<void>;
    /** Lists members, at most 100: the first, or those after the `next` of the page before. */
    listMembers({ after, ...options }?: WaitOptions & {
        after?: number;
    }): Promise<MemberList<Info<T>>>;
    /**
     * Fetches the newest messages that the room keeps, at most `limit` (default 100),
     * or those before a position. Rooms with code may refuse with `forbidden`.
     */
    history({ before, limit, ...options }?: WaitOptions & {
        before?: number;
        limit?: number;
    }): Promise<History<T>>;
    /**
     * Leaves the room. The object ends at once; the promise resolves when the server
     * knows, which may be after the connection has returned. It never rejects, except
     * where this client is out of the room for another reason.
     */
    leave(): Promise<void>;
    /** Listens to others who join. */
    onJoin(listener: (client: string, message: Message) => void): () => void;
    /** Listens to others who leave. */
    onLeave(listener: (client: string, message: Message) => void): () => void;
    /** Listens to members who go away, come back or show something else of themselves. */
    onPresence(listener: (client: string, presence: Presence<Info<T>>) => void): () => void;
    /** Listens to changes of `members`, `count` and `presence`. */
    onMembers(listener: () => void): () => void;
    /**
     * Listens to returns to the room after its messages or the session were lost,
     * each with the new `welcome`. A gap precedes it.
     */
    onRejoined(listener: (welcome: Welcome<T>) => void): () => void;
    /** Listens to the end: this client is out of the room. */
    onClosed(listener: (reason: ClosedReason) => void): () => void;
}
/** Says why a room can be used no more. */
export declare function closedError(name: string, reason: ClosedReason): Error;
