import { type Envelope } from "./envelope.js";
/** How long each step of connecting may take: getting a token, and from the first packet to the welcome. */
export declare const connectTimeout = 15000;
/** The part of a WebSocket that this client uses. */
export interface WebSocketLike {
    readonly readyState: number;
    send(data: string): void;
    close(code?: number, reason?: string): void;
    addEventListener(type: "open", listener: () => void): void;
    addEventListener(type: "message", listener: (event: {
        data: unknown;
    }) => void): void;
    addEventListener(type: "close", listener: (event: {
        code: number;
        reason: string;
    }) => void): void;
    addEventListener(type: "error", listener: () => void): void;
}
/** What makes a WebSocket, such as the global of that name. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;
/** Callbacks for the owner of a connection. `closed` is the last, and comes once. */
export interface ConnectionEvents {
    received(envelope: Envelope): void;
    closed(code: number, reason: string): void;
}
/** One WebSocket, from opening to its end. */
export declare class Connection {
    #private;
    constructor(WebSocket: WebSocketConstructor, url: string, token: string | undefined, hello: string, events: ConnectionEvents);
    /** Sends a text, and says whether it did. */
    send(text: string): boolean;
    /** Notes the welcome. From now on something must be read in each two of these intervals. */
    markWelcomed(heartbeat: number): void;
    /** Closes without an event, and ends the session. */
    close(): void;
    /** Closes without an event, and keeps the session. */
    suspend(): void;
    /** Gives up a connection that would not answer a close, and not the session. */
    abandon(reason: string): void;
}
