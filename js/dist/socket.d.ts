import { Channel } from "./channel.js";
import { type WebSocketConstructor } from "./connection.js";
import { ConnectionError } from "./errors.js";
import type { Room } from "./room.js";
import type { Body, JoinParams, RoomTypes, Untyped } from "./types.js";
import { type WaitOptions } from "./wait.js";
/** How a socket connects. Every default is good. */
export interface Options {
    /**
     * Returns a token by which the server knows the user; null or undefined is none.
     * Called before every attempt. One that throws, or takes longer than 15 s, is a
     * failed attempt.
     */
    token?: () => string | null | undefined | Promise<string | null | undefined>;
    /**
     * How long the session lives in a browser. Default "page": it ends with the page.
     * "tab": the next page of the tab resumes it, as after a reload. That page has 10 s
     * to join its rooms again; the client leaves the others.
     */
    session?: "page" | "tab";
    /** What to do with messages while the connection is lost. Default "queue". */
    offline?: "queue" | "reject";
    /** How many messages may wait to be sent, whatever the reason. Default 256. */
    queue?: number;
    /** The name of the server's lobby. Default "lobby". */
    lobby?: string;
    /** The WebSocket to use. Default is the global one, which Node.js has from release 22 on. */
    WebSocket?: WebSocketConstructor;
}
/**
 * Whether a socket is `connecting` for the first time, `connected`, `offline` (the
 * connection is lost or cannot be made; it keeps trying) or has `ended`, for good.
 */
export type State = "connecting" | "connected" | "offline" | "ended";
/** A room in a list. */
export interface RoomInfo {
    name: string;
    members: number;
    capacity?: number;
    /** Whether a password is required. */
    locked?: boolean;
    properties?: Body;
}
/** A page of the list of rooms. */
export interface RoomList {
    rooms: RoomInfo[];
    /** The rooms on all pages. */
    count: number;
    /** The `after` of the next page, where there are more. */
    next?: string;
}
/** Connects to the server at a ws:// or wss:// URL, and returns whenever the connection breaks. */
export declare function connect<T extends RoomTypes<T> = Untyped>(url: string | URL, options?: Options): Socket<T>;
/**
 * A client of the server: the rooms it is in and the connection that comes and
 * goes below them. As a channel it is the lobby, which every client is in, and
 * receives what the server sends to this client from outside any room.
 */
export declare class Socket<T extends RoomTypes<T> = Untyped> extends Channel<T> {
    #private;
    /** This client's slug, its public name; empty before it was first connected. */
    get id(): string;
    /** Whether it is connected. */
    get state(): State;
    /**
     * Listens to changes of the state, and to each attempt to return that fails while
     * it is `offline`; `error` says why it is `offline` or `ended`.
     */
    onState(listener: (state: State, error?: ConnectionError) => void): () => void;
    /** Listens to rooms that this client did not ask for: the server has put it there. */
    onRoom(listener: (room: Room) => void): () => void;
    /**
     * Joins a room, or returns it if this client is in it. In a new session the client
     * joins again by itself, with the same parameters but `create`. Listeners that are
     * added right after the promise resolves miss no message. It rejects with the
     * refusal or, where the room removes the client while it joins, with a `RoomError` of
     * the reason, such as `kicked`. A join that the options give up is left again.
     */
    join<R extends RoomTypes<R> = Untyped>(name: string, params?: JoinParams, options?: WaitOptions): Promise<Room<R>>;
    /** Lists rooms that are not hidden, by name: the first 100, or those after a name. */
    listRooms({ after, ...options }?: WaitOptions & {
        after?: string;
    }): Promise<RoomList>;
    /**
     * Sets what the members of its rooms see of this client: an object of at most 1 KiB;
     * an empty one takes it away. It belongs to the session. A server that leaves this to
     * its application refuses with `forbidden`.
     */
    setInfo(info: object, options?: WaitOptions): Promise<void>;
    /** Leaves the server and ends. */
    close(): void;
}
