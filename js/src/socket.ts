import { type Actions, type AnyActions, type AnyCalls, type Calls, Channel } from "./channel.js";
import { Backoff } from "./backoff.js";
import { Connection, type WebSocketConstructor } from "./connection.js";
import type { Body, Envelope, Welcome } from "./envelope.js";
import { ConnectionError } from "./errors.js";
import { Listeners } from "./listeners.js";
import type { JoinParams, Room } from "./room.js";
import { Session } from "./session.js";

/** How a socket connects. Every default is good. */
export interface Options {
  /** Returns a token for the server to know the user by. Called before every attempt. */
  token?: () => string | Promise<string>;
  /** What to do with messages while the connection is lost. Default "queue". */
  offline?: "queue" | "reject";
  /** How many messages may wait to be sent, whatever the reason. Default 256. */
  queue?: number;
  /** The name of the server's lobby. Default "lobby". */
  lobby?: string;
  /** The WebSocket to use. Default is the global one, which Node.js has from release 22 on. */
  WebSocket?: WebSocketConstructor;
}

/**
 * Whether a socket is `connecting` for the first time, `connected`, `offline` (the
 * connection is lost or cannot be made; it keeps trying) or has `ended`, for good.
 */
export type State = "connecting" | "connected" | "offline" | "ended";

/** A room in a list. */
export interface RoomInfo {
  name: string;
  members: number;
  capacity?: number;
  /** Whether a password is asked for. */
  locked?: boolean;
  properties?: Body;
}

/** A page of the list of rooms. */
export interface RoomList {
  rooms: RoomInfo[];
  /** The rooms on all pages. */
  count: number;
  /** Where there are more: what to ask for next. */
  next?: string;
}

/** Connects to the server at a ws:// or wss:// URL, and returns whenever the connection breaks. */
export function connect<A extends Actions<A> = AnyActions, C extends Calls<C> = AnyCalls>(
  url: string | URL,
  options: Options = {},
): Socket<A, C> {
  return new Socket<A, C>(String(url), options);
}

/**
 * A client of the server: the rooms it is in and the connection that comes and
 * goes below them. As a channel it is the lobby, which every client is in, and
 * receives what the server sends to this client from outside any room.
 */
export class Socket<A extends Actions<A> = AnyActions, C extends Calls<C> = AnyCalls> extends Channel<A, C> {
  #state: State = "connecting";
  #connection: Connection | undefined;
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #welcomeAt: number | undefined;
  #over = false; // the next connection begins a new session
  readonly #url: string;
  readonly #token: Options["token"];
  readonly #WebSocket: WebSocketConstructor;
  readonly #backoff = new Backoff();
  readonly #states = new Listeners<[State, ConnectionError | undefined]>();
  readonly #rooms = new Listeners<[Room]>();

  /** @internal */
  constructor(url: string, options: Options) {
    const { offline = "queue", queue = 256, lobby = "lobby", WebSocket = globalThis.WebSocket } = options;
    if (!WebSocket) throw new TypeError("there is no WebSocket here: pass one in the options");
    super(new Session({ offline, queue, lobby }), "");
    this.#url = url;
    this.#token = options.token;
    this.#WebSocket = WebSocket;
    this.session.lobby = this as unknown as Channel;
    this.session.placed = (room) => this.#rooms.call(room);
    globalThis.addEventListener?.("online", this.#online);
    globalThis.addEventListener?.("offline", this.#offline);
    void this.#open();
  }

  /** This client's slug, its public name; empty before it was first connected. */
  get id(): string {
    return this.session.id;
  }

  /** Whether it is connected. */
  get state(): State {
    return this.#state;
  }

  /** Listens to changes of the state; `error` says why it is `offline` or `ended`. */
  onState(listener: (state: State, error?: ConnectionError) => void): () => void {
    return this.#states.add(listener);
  }

  /** Listens to rooms that this client did not ask for: the server has put it there. */
  onRoom(listener: (room: Room) => void): () => void {
    return this.#rooms.add(listener);
  }

  /**
   * Joins a room, or returns it if this client is in it. In a new session the room
   * is joined again with the same parameters, without `create`.
   */
  async join<RA extends Actions<RA> = AnyActions, RC extends Calls<RC> = AnyCalls>(
    name: string,
    params: JoinParams = {},
  ): Promise<Room<RA, RC>> {
    // The types are what the application says that they are.
    return (await this.session.join(name, params)) as unknown as Room<RA, RC>;
  }

  /** Lists rooms that are not hidden, by name: the first 100, or those after a name. */
  async listRooms(after?: string): Promise<RoomList> {
    return (await this.request("list-rooms", after === undefined ? {} : { after })) as unknown as RoomList;
  }

  /** Leaves the server and ends. */
  close(): void {
    if (this.#state === "ended") return;
    this.#connection?.close();
    this.#end(new ConnectionError("closed", "closed by this client", 1000));
  }

  async #open(): Promise<void> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const attempt = ++this.#attempt;
    let token: string | undefined;
    try {
      token = await this.#token?.();
    } catch (error) {
      if (attempt === this.#attempt) this.#closed(1006, "there is no token", error);
      return;
    }
    if (attempt !== this.#attempt) return;
    try {
      const connection: Connection = new Connection(this.#WebSocket, this.#url, token, this.session.hello(), {
        received: (envelope) => this.#received(connection, envelope),
        closed: (code, reason) => this.#closed(code, reason),
      });
      this.#connection = connection;
    } catch (error) {
      // Not the network's fault: the URL is none, or not allowed on this page.
      this.#end(new ConnectionError("closed", "no WebSocket can be made", undefined, { cause: error }));
    }
  }

  #received(connection: Connection, envelope: Envelope): void {
    if (envelope.action !== "welcome") {
      this.session.receive(envelope);
      return;
    }
    const welcome = envelope.message_body as unknown as Welcome;
    this.#welcomeAt = performance.now();
    connection.expect(welcome.heartbeat);
    const gaps = this.session.begin(welcome, connection);
    this.#change("connected");
    for (const [channel, gap] of gaps) channel.gap(gap);
  }

  #closed(code: number, reason: string, cause?: unknown): void {
    this.#connection = undefined;
    this.session.pause();
    const lasted = this.#welcomeAt === undefined ? 0 : performance.now() - this.#welcomeAt;
    this.#welcomeAt = undefined;
    const verdict = this.#backoff.next(code, lasted, this.#token !== undefined);
    const text = `connection closed: ${code}${reason && `: ${reason}`}`;
    if (!verdict) {
      this.#end(new ConnectionError("closed", text, code, { cause }));
      return;
    }
    this.#over = verdict.over;
    if (verdict.over) this.session.giveUp();
    this.#retry = setTimeout(() => void this.#open(), verdict.delay);
    this.#change("offline", new ConnectionError("offline", text, code, { cause }));
  }

  #end(error: ConnectionError): void {
    this.#attempt++;
    clearTimeout(this.#retry);
    globalThis.removeEventListener?.("online", this.#online);
    globalThis.removeEventListener?.("offline", this.#offline);
    this.session.end(error);
    this.#change("ended", error);
  }

  // What the browser knows of the network is a hint: while it says that there is
  // none, a server on the same machine may still answer.
  #online = (): void => {
    if (this.#retry === undefined || this.#over) return;
    this.#backoff.hurry();
    void this.#open();
  };

  #offline = (): void => {
    this.#connection?.abandon("the network is gone");
  };

  #change(state: State, error?: ConnectionError): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#states.call(state, error);
  }
}
