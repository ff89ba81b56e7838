import type { Connection } from "./connection.js";
import { type Address, type Envelope, type ServerInfo } from "./envelope.js";
import { ConnectionError } from "./errors.js";
import { Room, type SavedRoom } from "./room.js";
import type { RequestOptions, Sender } from "./sender.js";
import type { Body, Gap, JoinParams } from "./types.js";
import { type WaitOptions } from "./wait.js";
/** What a session takes from the options of its socket. */
export interface SessionOptions {
    offline: "queue" | "reject";
    queue: number;
    lobby: string;
}
/** What a page keeps of its session for the page that is loaded next in its tab. */
export interface SavedSession {
    token: string;
    direct: number;
    rooms: SavedRoom[];
}
/** Callbacks for the owner of a session. */
export interface SessionEvents {
    /** A message that belongs to no room. */
    received(envelope: Envelope): void;
    /** A room that the server has put this client into. */
    roomAdded(room: Room): void;
}
/**
 * What outlives a connection: the client's identity, its rooms and how far it has
 * read in them, and the messages that wait or have no answer yet.
 */
export declare class Session implements Sender {
    #private;
    /** The client's slug. */
    id: string;
    constructor(options: SessionOptions, events: SessionEvents);
    /** Whether the server knows an addition to the protocol, as far as it has said. */
    supports(feature: string): boolean;
    /** The first message on a connection. It fits the server's limit: rooms beyond are joined again after `welcome`. */
    hello(): string;
    /**
     * Goes on with a connection that is welcome. Where it begins a new session after
     * another, returns what each room has lost, once the joins that return to the
     * rooms are on their way: what the application then sends comes after them.
     */
    attach(serverInfo: ServerInfo, connection: Connection): [Room, Gap][] | undefined;
    /** Goes on without a connection for a while. */
    detach(): void;
    /** Gives the session up; the next connection begins a new one. */
    discard(): void;
    end(error: ConnectionError): void;
    /** What the page that is loaded next needs to go on; undefined without a session. */
    save(): SavedSession | undefined;
    /** Goes on with the session of the page before. */
    restore({ token, direct, rooms }: SavedSession): void;
    join(name: string, params: JoinParams, options: WaitOptions): Promise<Room>;
    request(action: string, body: object, address: Address, options?: RequestOptions): Promise<Body>;
    post(action: string, body: object, address: Address): boolean;
    /** Leaves a room. The leave waits for a connection, and is repeated until the server accepts it. */
    leave(room: Room): Promise<void>;
    /** Takes what the server sent to where it belongs. */
    receive(envelope: Envelope): void;
}
