import type { Body, Gap, Message } from "./types.js";
/** An envelope from the server, key for key. */
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
/** The target of a message: a room, or a client through a room. */
export interface Address {
    target: string;
    IsTargetClient?: true;
    room?: string;
}
/** The part of the server's `welcome` that this client uses. */
export interface ServerInfo {
    client: string;
    session: string;
    resumed: boolean;
    heartbeat: number;
    limits: Limits;
    features: unknown[];
}
/** The limits of a client; 0 means no limit. */
export interface Limits {
    message_bytes: number;
    messages_per_second: number;
    burst: number;
}
/** Encodes a message without an ID. */
export declare function encode(action: string, body: object, address?: Address): string;
/** Adds the ID, which is assigned when the message is sent. */
export declare function withID(text: string, id: number): string;
/** Decodes a frame. Returns undefined for a frame that no server of this protocol sends. */
export declare function decode(data: unknown): Envelope | undefined;
/**
 * Converts a value to an envelope and drops keys of the wrong type. Returns undefined
 * if the value is not an envelope.
 */
export declare function parseEnvelope(value: unknown): Envelope | undefined;
/** Returns the part of an envelope that the application sees. */
export declare function toMessage({ action, message_body, sender, IsTargetClient, seq, time }: Envelope): Message;
/** Parses the body of `welcome`. Returns undefined if the client or the session is missing. */
export declare function parseWelcome({ client, session, resumed, heartbeat, limits, features }: Body): ServerInfo | undefined;
/** Parses the body of `gap`. */
export declare function parseGap(body: Body): Gap;
export declare function isObject(value: unknown): value is Body;
export declare function asNumber(value: unknown): number | undefined;
