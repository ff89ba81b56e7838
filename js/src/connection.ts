import { type Envelope, decode } from "./envelope.js";
import { Watchdog } from "./watchdog.js";

const subprotocol = "simplysocket.v1";

/**
 * How long each step of connecting may take: getting a token, and the time from opening
 * the WebSocket to the welcome.
 */
export const connectTimeout = 15_000; // ms

/** The part of a WebSocket that this client uses. */
export interface WebSocketLike {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { code: number; reason: string }) => void): void;
  addEventListener(type: "error", listener: () => void): void;
}

/** A constructor of WebSockets, such as the global `WebSocket`. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

/** Callbacks for the owner of a connection. `closed` is called once, and last. */
export interface ConnectionEvents {
  received(envelope: Envelope): void;
  closed(code: number, reason: string): void;
}

/** The close code that ends the session. */
const normalClosure = 1000;

/** The close code of a client that gives up the connection and keeps the session. */
const connectionGivenUp = 4010;

/** One WebSocket, from opening to closing. */
export class Connection {
  readonly #socket: WebSocketLike;
  readonly #events: ConnectionEvents;
  readonly #watchdog = new Watchdog(connectTimeout, () => this.abandon("no data received"));
  #welcomed = false;
  #closed = false;

  constructor(WebSocket: WebSocketConstructor, url: string, token: string | undefined, hello: string, events: ConnectionEvents) {
    this.#events = events;
    try {
      this.#socket = new WebSocket(url, token === undefined ? [subprotocol] : [subprotocol, bearer(token)]);
    } catch (error) {
      this.#watchdog.stop();
      throw error;
    }
    this.#socket.addEventListener("open", () => this.send(hello));
    this.#socket.addEventListener("message", ({ data }) => this.#read(data));
    this.#socket.addEventListener("close", ({ code, reason }) => this.#end(code, reason));
    // A `close` event follows with all details. But the WebSocket of the `ws` package
    // throws errors that have no listener.
    this.#socket.addEventListener("error", () => {});
  }

  /** Sends a text message and returns whether it was sent. */
  send(text: string): boolean {
    if (this.#closed || this.#socket.readyState !== 1) return false;
    this.#socket.send(text);
    return true;
  }

  /**
   * Records the welcome. From now on, the connection is abandoned if nothing is
   * received for two heartbeat intervals.
   */
  markWelcomed(heartbeat: number): void {
    this.#welcomed = true;
    this.#watchdog.reset();
    this.#watchdog.setLimit(2 * heartbeat);
  }

  /** Closes without an event and ends the session. */
  close(): void {
    this.#closeSilently(normalClosure);
  }

  /** Closes without an event and keeps the session. */
  suspend(): void {
    this.#closeSilently(connectionGivenUp);
  }

  /** Gives up a connection that may not answer a close. Keeps the session. */
  abandon(reason: string): void {
    this.#end(1006, reason);
    this.#socket.close(connectionGivenUp);
  }

  #read(data: unknown): void {
    if (this.#closed) return;
    // Only the welcome proves that the server is ready.
    if (this.#welcomed) this.#watchdog.reset();
    const envelope = decode(data);
    if (envelope) this.#events.received(envelope);
  }

  #closeSilently(code: number): void {
    this.#closed = true;
    this.#watchdog.stop();
    this.#socket.close(code);
  }

  #end(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watchdog.stop();
    this.#events.closed(code, reason);
  }
}

/** Encodes a token as a subprotocol, in base64url, because a page cannot set headers. */
function bearer(token: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(token));
  return `bearer.${btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}
