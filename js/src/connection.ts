import { type Envelope, decode } from "./envelope.js";
import { Inbox } from "./inbox.js";
import { Silence } from "./silence.js";

const subprotocol = "simplysocket.v1";

// How long a server may take from the first packet to its welcome.
const patience = 15_000; // ms

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

/** What makes a WebSocket, such as the global of that name. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

/** What the owner of a connection is told. `closed` is the last, and comes once. */
export interface ConnectionEvents {
  received(envelope: Envelope): void;
  closed(code: number, reason: string): void;
}

/** Says that the client comes back; any other close by a client ends the session. */
const givenUp = 4010;

/** One WebSocket, from opening to its end. */
export class Connection {
  readonly #socket: WebSocketLike;
  readonly #events: ConnectionEvents;
  readonly #inbox = new Inbox();
  readonly #silence = new Silence(patience, () => this.abandon("nothing was received"));
  #done = false;

  constructor(make: WebSocketConstructor, url: string, token: string | undefined, hello: string, events: ConnectionEvents) {
    this.#events = events;
    try {
      this.#socket = new make(url, token === undefined ? [subprotocol] : [subprotocol, bearer(token)]);
    } catch (error) {
      this.#silence.stop();
      throw error;
    }
    this.#socket.addEventListener("open", () => this.send(hello));
    this.#socket.addEventListener("message", ({ data }) => this.#read(data));
    this.#socket.addEventListener("close", ({ code, reason }) => {
      // What came before the close is handled before it.
      this.#inbox.push(() => this.#end(code, reason));
    });
    // `close` follows and says all there is to know; but the WebSocket of the
    // package ws throws an error that nobody listens to.
    this.#socket.addEventListener("error", () => {});
  }

  send(text: string): void {
    if (!this.#done && this.#socket.readyState === 1) this.#socket.send(text);
  }

  /** Expects something to be read in each two of these intervals. */
  expect(heartbeat: number): void {
    this.#silence.allow(2 * heartbeat);
  }

  /** Takes the rest of what came with the answer to a join in the next task. */
  rest(): void {
    this.#inbox.rest();
  }

  /** Closes without an event. */
  close(): void {
    this.#done = true;
    this.#silence.stop();
    this.#socket.close(1000);
  }

  /** Gives up a connection that would not answer a close, and not the session. */
  abandon(reason: string): void {
    this.#end(1006, reason);
    this.#socket.close(givenUp);
  }

  #read(data: unknown): void {
    this.#silence.heard();
    const envelope = decode(data);
    if (!envelope) return;
    this.#inbox.push(() => {
      if (!this.#done) this.#events.received(envelope);
    });
  }

  #end(code: number, reason: string): void {
    if (this.#done) return;
    this.#done = true;
    this.#silence.stop();
    this.#events.closed(code, reason);
  }
}

/** Credentials as a page can send them: in base64url, as a subprotocol. */
function bearer(token: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(token));
  return `bearer.${btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}
