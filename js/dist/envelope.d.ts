import type { Body, Gap, Message } from "./types.js";
/** What the server sends, key for key. */
export interface Envelope {
    action: string;
    message_body: Body;
    IsTargetClient: boolean;
    target: string;
    sender: string;
    ref?: number;
    re?: string;
    room?: string;
    seq?: number;
    n?: number;
    time?: number;
}
/** Where a message goes: a room, or a client by way of a room. */
export interface Address {
    target: string;
    IsTargetClient?: true;
    room?: string;
}
/** The body of the server's `welcome`, as far as this client needs it. */
export interface ServerInfo {
    client: string;
    session: string;
    resumed: boolean;
    heartbeat: number;
    limits: Limits;
    features: unknown[];
}
/** What a client may do; 0 is no limit. */
export interface Limits {
    message_bytes: number;
    messages_per_second: number;
    burst: number;
}
/** The text of a message without an id. */
export declare function encode(action: string, body: object, address?: Address): string;
/** Adds the id of a message, which is known only when it is sent. */
export declare function withID(text: string, id: number): string;
/** Reads a frame; undefined if no server of this protocol sends such a frame. */
export declare function decode(data: unknown): Envelope | undefined;
/** Takes a value as an envelope, without the keys that have a wrong type; undefined if it is none. */
export declare function parseEnvelope(value: unknown): Envelope | undefined;
/** What the application gets of an envelope. */
export declare function toMessage({ action, message_body, sender, IsTargetClient, seq, time }: Envelope): Message;
/** Reads the body of `welcome`; undefined if it names no client. */
export declare function parseWelcome({ client, session, resumed, heartbeat, limits, features }: Body): ServerInfo | undefined;
/** Reads the body of `gap`. */
export declare function parseGap(body: Body): Gap;
export declare function isObject(value: unknown): value is Body;
export declare function asNumber(value: unknown): number | undefined;
