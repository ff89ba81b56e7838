import type { Channel } from "./channel.js";
import type { Connection } from "./connection.js";
import { type Address, type Body, type Envelope, type Terms } from "./envelope.js";
import { ConnectionError } from "./errors.js";
import { type WaitOptions } from "./later.js";
import { Room, type SavedRoom } from "./room.js";
import type { RequestOptions, Sender } from "./sender.js";
import type { Gap, JoinParams } from "./types.js";
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
type AnyRoom = Room<any>;
/**
 * What outlives a connection: the client's identity, its rooms and how far it has
 * read in them, and the messages that wait or have no answer yet.
 */
export declare class Session implements Sender {
    #private;
    /** The client's slug. */
    id: string;
    /** The channel of all that belongs to no room. */
    lobby: Channel<any>;
    /** Called with rooms that the server has put this client into. */
    placed: (room: AnyRoom) => void;
    constructor(options: SessionOptions);
    /** Whether the server knows an addition to the protocol, as far as it has said. */
    knows(feature: string): boolean;
    /** The first message on a connection. It fits the server's limit: rooms beyond are joined again after `welcome`. */
    hello(): string;
    /**
     * Goes on with a connection that is welcome. Returns the gaps to tell, because
     * the session is a new one, once the joins that return to the rooms are on their
     * way: what the application then sends comes after them.
     */
    begin(terms: Terms, connection: Connection): [Channel<any>, Gap][];
    /** Goes on without a connection for a while. */
    pause(): void;
    /** Gives the session up; the next connection begins a new one. */
    giveUp(): void;
    end(error: ConnectionError): void;
    /** What the page that is loaded next needs to go on; undefined without a session. */
    save(): SavedSession | undefined;
    /** Goes on with the session of the page before. */
    restore({ token, direct, rooms }: SavedSession): void;
    join(name: string, params: JoinParams, options: WaitOptions): Promise<AnyRoom>;
    request(action: string, body: object, address: Address, options?: RequestOptions): Promise<Body>;
    post(action: string, body: object, address: Address): boolean;
    /** Leaves a room. The leave waits for a connection, and is repeated until the server accepts it. */
    leave(room: AnyRoom): Promise<void>;
    /** Takes what the server sent to where it belongs. */
    receive(envelope: Envelope): void;
}
export {};
