import { Channel } from "./channel.js";
import { type WebSocketConstructor } from "./connection.js";
import { ConnectionError } from "./errors.js";
import type { Room } from "./room.js";
import type { Body, JoinParams, RoomTypes, Untyped } from "./types.js";
import { type WaitOptions } from "./wait.js";
/** The options of a socket. All are optional. */
export interface Options {
    /**
     * Returns a token that identifies the user to the server; null or undefined means no
     * token. Called before every attempt to connect. If it throws, or takes longer than
     * 15 s, the attempt fails.
     */
    token?: () => string | null | undefined | Promise<string | null | undefined>;
    /**
     * How long the session lives in a browser. "page", the default: until the page is
     * closed. "tab": the next page of the tab resumes it, for example after a reload.
     * That page has 10 s to join its rooms again; the client leaves the others.
     */
    session?: "page" | "tab";
    /** What to do with messages while the connection is lost. Default: "queue". */
    offline?: "queue" | "reject";
    /** How many messages may wait to be sent, whatever the reason. Default: 256. */
    queue?: number;
    /** The name of the server's lobby. Default: "lobby". */
    lobby?: string;
    /** The WebSocket to use. Default: the global one, which Node.js has since version 22. */
    WebSocket?: WebSocketConstructor;
}
/**
 * The state of a socket: `connecting` for the first time; `connected`; `offline`, which
 * means that the connection was lost or could not be established and that the socket
 * keeps trying; or `ended`, for good.
 */
export type State = "connecting" | "connected" | "offline" | "ended";
/** A room in the list of rooms. */
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
    /** The number of rooms on all pages. */
    count: number;
    /** The `after` of the next page, if there is one. */
    next?: string;
}
/**
 * Connects to the server at a ws:// or wss:// URL, and reconnects whenever the
 * connection breaks.
 */
export declare function connect<T extends RoomTypes<T> = Untyped>(url: string | URL, options?: Options): Socket<T>;
/**
 * A client of the server, with its rooms. It outlives its connections. As a channel it
 * is the lobby, which every client is in, and also receives the messages that the
 * server sends to this client from outside any room.
 */
export declare class Socket<T extends RoomTypes<T> = Untyped> extends Channel<T> {
    #private;
    /** This client's ID, its public name; empty before the first connection. */
    get id(): string;
    /** The current state. */
    get state(): State;
    /**
     * Registers a listener for changes of the state. While the socket is `offline`, the
     * listener is also called after each failed attempt to reconnect. `error` says why
     * the socket is `offline` or `ended`.
     */
    onState(listener: (state: State, error?: ConnectionError) => void): () => void;
    /** Registers a listener for rooms that this client did not join itself: the server added it. */
    onRoom(listener: (room: Room) => void): () => void;
    /**
     * Joins a room, or returns it if this client is already in it. In a new session the
     * client rejoins the room automatically, with the same parameters except `create`.
     * Listeners that are added right after the promise resolves miss no message. Rejects
     * if the join is refused. If the room removes the client during the join, rejects
     * with a `RoomError` whose code is the reason, such as `kicked`. If the options
     * cancel the join, the client leaves the room again.
     */
    join<R extends RoomTypes<R> = Untyped>(name: string, params?: JoinParams, options?: WaitOptions): Promise<Room<R>>;
    /**
     * Lists rooms that are not hidden, sorted by name: the first 100, or the next ones
     * after a name.
     */
    listRooms({ after, ...options }?: WaitOptions & {
        after?: string;
    }): Promise<RoomList>;
    /**
     * Sets the info that members of its rooms see about this client: an object of at most
     * 1 KiB; an empty object removes it. The info belongs to the session. Rejects with
     * `forbidden` if the server does not let clients set it.
     */
    setInfo(info: object, options?: WaitOptions): Promise<void>;
    /** Leaves the server and ends the socket. */
    close(): void;
}
