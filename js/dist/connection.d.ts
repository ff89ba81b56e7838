import { type Envelope } from "./envelope.js";
/**
 * How long each step of connecting may take: getting a token, and the time from opening
 * the WebSocket to the welcome.
 */
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
/** A constructor of WebSockets, such as the global `WebSocket`. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;
/** Callbacks for the owner of a connection. `closed` is called once, and last. */
export interface ConnectionEvents {
    received(envelope: Envelope): void;
    closed(code: number, reason: string): void;
}
/** One WebSocket, from opening to closing. */
export declare class Connection {
    #private;
    constructor(WebSocket: WebSocketConstructor, url: string, token: string | undefined, hello: string, events: ConnectionEvents);
    /** Sends a text message and returns whether it was sent. */
    send(text: string): boolean;
    /**
     * Records the welcome. From now on, the connection is abandoned if nothing is
     * received for two heartbeat intervals.
     */
    markWelcomed(heartbeat: number): void;
    /** Closes without an event and ends the session. */
    close(): void;
    /** Closes without an event and keeps the session. */
    suspend(): void;
    /** Gives up a connection that may not answer a close. Keeps the session. */
    abandon(reason: string): void;
}
