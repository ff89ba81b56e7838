import type { Connection } from "./connection.js";
import { type Address, type Envelope, type ServerInfo } from "./envelope.js";
import { ConnectionError } from "./errors.js";
import { Room, type SavedRoom } from "./room.js";
import type { RequestOptions, Sender } from "./sender.js";
import type { Body, Gap, JoinParams } from "./types.js";
import { type WaitOptions } from "./wait.js";
/** The options of a socket that its session uses. */
export interface SessionOptions {
    offline: "queue" | "reject";
    queue: number;
    lobby: string;
}
/** The state of a session that a page saves for the next page in its tab. */
export interface SavedSession {
    token: string;
    direct: number;
    rooms: SavedRoom[];
}
/** Callbacks for the owner of a session. */
export interface SessionEvents {
    /** A message that belongs to no room. */
    received(envelope: Envelope): void;
    /** A room that the server added this client to. */
    roomAdded(room: Room): void;
}
/**
 * Everything that outlives a connection: the client's identity, its rooms and its
 * positions in them, and the messages that have not been sent or answered.
 */
export declare class Session implements Sender {
    #private;
    /** The client's ID. */
    id: string;
    constructor(options: SessionOptions, events: SessionEvents);
    /**
     * Returns whether the server supports an addition to the protocol. Before the first
     * connection it is assumed to.
     */
    supports(feature: string): boolean;
    /**
     * Returns the first message of a connection. It fits the size limit of the server;
     * rooms that do not fit are rejoined after `welcome`.
     */
    hello(): string;
    /**
     * Continues on a connection after its welcome. If that replaced an earlier session by
     * a new one, returns the gap of each room. The requests that rejoin the rooms have
     * been sent or queued by then, so what the application sends comes after them.
     */
    attach(serverInfo: ServerInfo, connection: Connection): [Room, Gap][] | undefined;
    /** Continues without a connection until the next one. */
    detach(): void;
    /** Discards the session; the next connection starts a new one. */
    discard(): void;
    /** Ends the session for good. */
    end(error: ConnectionError): void;
    /** Returns what the next page needs to continue; undefined without a session. */
    save(): SavedSession | undefined;
    /** Continues the session of the previous page. */
    restore({ token, direct, rooms }: SavedSession): void;
    join(name: string, params: JoinParams, options: WaitOptions): Promise<Room>;
    request(action: string, body: object, address: Address, options?: RequestOptions): Promise<Body>;
    post(action: string, body: object, address: Address): boolean;
    /**
     * Leaves a room. The request waits for a connection and is repeated until the server
     * accepts it.
     */
    leave(room: Room): Promise<void>;
    /** Handles an envelope from the server. */
    receive(envelope: Envelope): void;
}
