import { Channel } from "./channel.js";
import type { Action, Body, ClosedReason, History, Info, MemberList, Message, Presence, RoomTypes, Sends, Untyped, Welcome } from "./types.js";
import type { WaitOptions } from "./wait.js";
/** Returns whether to retry a request that the client made on its own and that may run twice. */
export declare function isRetryable(error: unknown): boolean;
/** A position in the output of a room. */
export type Position = [epoch: number, seq: number];
/** The state of a room that a page saves for the next page in its tab. */
export interface SavedRoom {
    name: string;
    position: Position;
    welcome: Body;
    /** Whether the server added the client to the room. */
    addedByServer: boolean;
}
/**
 * A room that this client is in. It stays the same object while the connection breaks
 * and returns. The object ends when the client is no longer in the room, for the reason
 * in `closed`. Its methods then reject with a `RoomError` whose code is the reason (or
 * with a `ConnectionError` if the socket has ended), and its listeners are not called
 * again. If the client joins a room of this name again, it gets a new object.
 */
export declare class Room<T extends RoomTypes<T> = Untyped> extends Channel<T> {
    #private;
    /** The room's name. */
    get name(): string;
    /**
     * The IDs of the members, including this client, in the order of joining: the first
     * 100, and those that have joined since. Rooms with more than about 200 members do
     * not announce who joins and leaves, so only `count` is right there. Each change,
     * including a change of presence, creates a new array.
     */
    get members(): readonly string[];
    /** Returns the presence of one of the `members`. */
    presence(client: string): Presence<Info<T>> | undefined;
    /** The number of members, including this client. */
    get count(): number;
    /** The body of the latest `joined-room`, from the join or from a rejoin. */
    get welcome(): Welcome<T>;
    /** Why this client is no longer in the room; undefined while it is. */
    get closed(): ClosedReason | undefined;
    /** Sends a message to one member, by its client ID. Otherwise like `send`. */
    sendTo<K extends Action<Sends<T>>>(client: string, action: K, body: Sends<T>[K], options?: WaitOptions): Promise<void>;
    /** Lists up to 100 members: the first ones, or those after the `next` of the previous page. */
    listMembers({ after, ...options }?: WaitOptions & {
        after?: number;
    }): Promise<MemberList<Info<T>>>;
    /**
     * Fetches the newest messages that the room keeps, or the newest before a position:
     * at most `limit`, 100 by default. A room with its own code may refuse with
     * `forbidden`.
     */
    history({ before, limit, ...options }?: WaitOptions & {
        before?: number;
        limit?: number;
    }): Promise<History<T>>;
    /**
     * Leaves the room. The object ends at once. The promise resolves when the server has
     * processed the leave, which may be after a reconnect. It rejects only if this client
     * is no longer in the room for another reason.
     */
    leave(): Promise<void>;
    /** Registers a listener for other clients that join. */
    onJoin(listener: (client: string, message: Message) => void): () => void;
    /** Registers a listener for other clients that leave. */
    onLeave(listener: (client: string, message: Message) => void): () => void;
    /** Registers a listener for members that go away, come back or change their info. */
    onPresence(listener: (client: string, presence: Presence<Info<T>>) => void): () => void;
    /** Registers a listener for changes of `members`, `count` and `presence`. */
    onMembers(listener: () => void): () => void;
    /**
     * Registers a listener for rejoins: the messages of the room or the session were
     * lost, and the client is back in the room. The listener gets the new `welcome`. A
     * gap is reported first.
     */
    onRejoined(listener: (welcome: Welcome<T>) => void): () => void;
    /** Registers a listener for the end: this client is no longer in the room. */
    onClosed(listener: (reason: ClosedReason) => void): () => void;
}
/** Returns the error of a room object that has ended. */
export declare function closedError(name: string, reason: ClosedReason): Error;
