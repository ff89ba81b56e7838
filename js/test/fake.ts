// An in-memory server with fake timers. The test controls the server end of each
// WebSocket.

import { mock } from "node:test";
import { type Options, type Socket, type WebSocketLike, connect } from "../src/simplysocket.js";

/** A message from a client. */
export interface Sent {
  action: string;
  message_body: Record<string, unknown>;
  target?: string;
  IsTargetClient?: boolean;
  room?: string;
  id?: number;
}

type Listener = (event: never) => void;

/** One WebSocket, from the point of view of the server. */
export class FakeWebSocket implements WebSocketLike {
  readyState = 0;
  sent: Sent[] = [];
  closedWith: number | undefined;
  abandoned = false;
  readonly url: string;
  readonly protocols: string[];
  readonly #listeners = new Map<string, Listener[]>();

  constructor(url: string, protocols: string[]) {
    this.url = url;
    this.protocols = protocols;
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(code?: number): void {
    this.readyState = 2;
    this.abandoned = true;
    this.closedWith = code;
  }

  /** Removes and returns the messages sent since the last call. */
  take(): Sent[] {
    return this.sent.splice(0);
  }

  /** Completes the handshake. */
  accept(): this {
    this.readyState = 1;
    this.#tell("open", {});
    return this;
  }

  /** Sends an envelope. Missing keys get the values that a server would send. */
  say(envelope: Record<string, unknown>): this {
    const whole = { message_body: {}, IsTargetClient: false, target: "", sender: "server", ...envelope };
    this.#tell("message", { data: JSON.stringify(whole) });
    return this;
  }

  /** Sends data that is not an envelope. */
  sayRaw(data: unknown): this {
    this.#tell("message", { data });
    return this;
  }

  /** Sends the welcome. */
  welcome(body: Record<string, unknown> = {}): this {
    return this.say({
      action: "welcome",
      message_body: { client: "me", server: "server", session: "token-1", resumed: false, heartbeat: 25_000, limits, ...body },
    });
  }

  /** Answers a message. */
  ack(sent: Sent | undefined, body = {}, more = {}): this {
    return this.say({ action: "ack", message_body: body, ref: sent?.id, re: sent?.action, IsTargetClient: true, ...more });
  }

  /** Refuses a message. */
  refuse(sent: Sent | undefined, code: string, more = {}): this {
    return this.say({ action: "error", message_body: { code, message: code }, ref: sent?.id, re: sent?.action, ...more });
  }

  /** Admits the client to a room with the given members. */
  admit(sent: Sent | undefined, epoch = 7, seq = 1, members = ["me"]): this {
    const room = sent?.target;
    const list = members.map((client) => ({ client }));
    this.say({
      action: "joined-room",
      message_body: { message: "Welcome client me", epoch, seq, count: list.length, members: list },
      IsTargetClient: true,
      target: "me",
      room,
      seq,
    });
    return this.ack(sent, {}, { room, seq: seq + 1 });
  }

  /** Removes the client from a room. */
  remove(room: string, reason: string, more = {}): this {
    return this.say({ action: "left-room", message_body: { reason }, IsTargetClient: true, target: "me", room, ...more });
  }

  /** Breaks or closes the connection. */
  break(code = 1006, reason = ""): void {
    this.readyState = 3;
    this.#tell("close", { code, reason });
  }

  #tell(type: string, event: unknown): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
}

const limits = { message_bytes: 65_536, rooms: 100, messages_per_second: 200, burst: 400 };

/** A client and its connections. */
export class World {
  readonly connections: FakeWebSocket[] = [];
  readonly socket: Socket;
  readonly states: string[] = [];

  constructor(options: Options = {}) {
    const { connections } = this;
    class WebSocket extends FakeWebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        connections.push(this);
      }
    }
    this.socket = connect("ws://server/ws", { WebSocket, ...options });
    this.socket.onState((state) => this.states.push(state));
  }

  /** The newest connection. */
  get wire(): FakeWebSocket {
    return this.connections.at(-1)!;
  }

  /** Accepts the first connection. */
  async start(welcome: Record<string, unknown> = {}): Promise<FakeWebSocket> {
    await settle();
    this.wire.accept().welcome(welcome).take();
    return this.wire;
  }

  /** Joins the client to a room. */
  async join(name: string, params = {}, epoch = 7, seq = 1, members = ["me"]) {
    const joining = this.socket.join(name, params);
    await settle();
    this.wire.admit(this.wire.take().at(-1), epoch, seq, members);
    const room = await joining;
    mock.timers.tick(0);
    return room;
  }

  /** Waits for the next connection, at most for the longest delay between two attempts. */
  async next(pause = 15_000): Promise<FakeWebSocket> {
    const before = this.connections.length;
    mock.timers.tick(pause);
    await settle();
    if (this.connections.length === before) throw new Error("the client does not reconnect");
    return this.wire;
  }

  /** Breaks the connection and accepts the next one. */
  async back(welcome: Record<string, unknown>, code = 1006): Promise<FakeWebSocket> {
    this.wire.break(code);
    return (await this.next()).accept().welcome(welcome);
  }
}

/** The globals of a browser's window. */
export class Page {
  readonly stored: Map<string, string>;
  readonly #had = new Map<string, PropertyDescriptor | undefined>();
  readonly #target = new EventTarget();

  /** A page finds what the previous page in its tab has stored. */
  constructor(stored = new Map<string, string>()) {
    this.stored = stored;
    this.#define("addEventListener", this.#target.addEventListener.bind(this.#target));
    this.#define("removeEventListener", this.#target.removeEventListener.bind(this.#target));
    this.#define("sessionStorage", {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => void stored.set(key, value),
      removeItem: (key: string) => void stored.delete(key),
    });
  }

  fire(type: string, more = {}): void {
    this.#target.dispatchEvent(Object.assign(new Event(type), more));
  }

  /** Replaces this page by the next one in its tab. */
  reload(): Page {
    this.fire("pagehide", { persisted: false });
    this.close();
    return new Page(this.stored);
  }

  close(): void {
    for (const [name, had] of this.#had) {
      if (had) Object.defineProperty(globalThis, name, had);
      else Reflect.deleteProperty(globalThis, name);
    }
  }

  #define(name: string, value: unknown): void {
    this.#had.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
    Object.defineProperty(globalThis, name, { configurable: true, value });
  }
}

/** Fakes timers and clocks until the end of the test. */
export function fakeTime(): void {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  // As on every platform, a delay that is too long fires at once.
  const set = globalThis.setTimeout;
  globalThis.setTimeout = ((run: () => void, ms = 0) => set(run, ms < 2 ** 31 ? ms : 1)) as typeof setTimeout;
  mock.method(performance, "now", () => Date.now());
}

/** Advances the time in small steps, so that timers fire on time. */
export function elapse(ms: number): void {
  for (let i = 0; i < ms; i += 10) mock.timers.tick(10);
}

/** Waits until all promises that can settle have settled. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
