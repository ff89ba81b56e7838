import { Backoff, type RetryDecision } from "./backoff.js";
import { Channel } from "./channel.js";
import { Connection, type WebSocketConstructor, connectTimeout } from "./connection.js";
import { type Envelope, parseWelcome } from "./envelope.js";
import { ConnectionError, RoomError } from "./errors.js";
import { Listeners } from "./listeners.js";
import type { Room } from "./room.js";
import { Session } from "./session.js";
import { TabStorage } from "./tabStorage.js";
import { type Timer, schedule } from "./timer.js";
import type { Body, JoinParams, RoomTypes, Untyped } from "./types.js";
import { type WaitOptions, wait } from "./wait.js";

/** How a socket connects. Every default is good. */
export interface Options {
  /**
   * Returns a token by which the server knows the user; null or undefined is none.
   * Called before every attempt. One that throws, or takes longer than 15 s, is a
   * failed attempt.
   */
  token?: () => string | null | undefined | Promise<string | null | undefined>;
  /**
   * How long the session lives in a browser. Default "page": it ends with the page.
   * "tab": the next page of the tab resumes it, as after a reload. That page has 10 s
   * to join its rooms again; the client leaves the others.
   */
  session?: "page" | "tab";
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
  /** Whether a password is required. */
  locked?: boolean;
  properties?: Body;
}

/** A page of the list of rooms. */
export interface RoomList {
  rooms: RoomInfo[];
  /** The rooms on all pages. */
  count: number;
  /** The `after` of the next page, where there are more. */
  next?: string;
}

/** Connects to the server at a ws:// or wss:// URL, and returns whenever the connection breaks. */
export function connect<T extends RoomTypes<T> = Untyped>(url: string | URL, options: Options = {}): Socket<T> {
  return new Socket<T>(String(url), options);
}

/**
 * A client of the server: the rooms it is in and the connection that comes and
 * goes below them. As a channel it is the lobby, which every client is in, and
 * receives what the server sends to this client from outside any room.
 */
export class Socket<T extends RoomTypes<T> = Untyped> extends Channel<T> {
  #state: State = "connecting";
  #connection: Connection | undefined;
  #attempt = 0;
  #retryTimer: Timer | undefined;
  #welcomedAt: number | undefined;
  #newSession = false; // the next connection begins a new session
  readonly #url: string;
  readonly #token: Options["token"];
  readonly #WebSocket: WebSocketConstructor;
  readonly #session: Session;
  readonly #storage: TabStorage | undefined;
  readonly #backoff = new Backoff();
  readonly #stateListeners = new Listeners<[State, ConnectionError | undefined]>();
  readonly #roomListeners = new Listeners<[Room]>();

  /** @internal */
  constructor(url: string, options: Options) {
    const { offline = "queue", queue = 256, lobby = "lobby", WebSocket = globalThis.WebSocket } = options;
    if (!WebSocket) throw new TypeError("there is no WebSocket here: pass one in the options");
    const session = new Session(
      { offline, queue, lobby },
      {
        received: (envelope) => this.receive(envelope),
        roomAdded: (room) => this.#roomListeners.emit(room),
      },
    );
    super(session, "");
    this.#session = session;
    this.#url = url;
    this.#token = options.token;
    this.#WebSocket = WebSocket;
    if (options.session === "tab") {
      this.#storage = new TabStorage(url);
      const saved = this.#storage.take();
      if (saved) session.restore(saved);
    }
    for (const [type, listener] of this.#pageListeners) globalThis.addEventListener?.(type, listener);
    void this.#connect();
  }

  /** This client's slug, its public name; empty before it was first connected. */
  get id(): string {
    return this.#session.id;
  }

  /** Whether it is connected. */
  get state(): State {
    return this.#state;
  }

  /**
   * Listens to changes of the state, and to each attempt to return that fails while
   * it is `offline`; `error` says why it is `offline` or `ended`.
   */
  onState(listener: (state: State, error?: ConnectionError) => void): () => void {
    return this.#stateListeners.add(listener);
  }

  /** Listens to rooms that this client did not ask for: the server has put it there. */
  onRoom(listener: (room: Room) => void): () => void {
    return this.#roomListeners.add(listener);
  }

  /**
   * Joins a room, or returns it if this client is in it. In a new session the client
   * joins again by itself, with the same parameters but `create`. Listeners that are
   * added right after the promise resolves miss no message. It rejects with the
   * refusal or, where the room removes the client while it joins, with a `RoomError` of
   * the reason, such as `kicked`. A join that the options give up is left again.
   */
  join<R extends RoomTypes<R> = Untyped>(name: string, params: JoinParams = {}, options: WaitOptions = {}): Promise<Room<R>> {
    return this.#session.join(name, params, options) as Promise<Room<any>>;
  }

  /** Lists rooms that are not hidden, by name: the first 100, or those after a name. */
  async listRooms({ after, ...options }: WaitOptions & { after?: string } = {}): Promise<RoomList> {
    const list: object = await this.request("list-rooms", after === undefined ? {} : { after }, options);
    return list as RoomList;
  }

  /**
   * Sets what the members of its rooms see of this client: an object of at most 1 KiB;
   * an empty one takes it away. It belongs to the session. A server that leaves this to
   * its application refuses with `forbidden`.
   */
  async setInfo(info: object, options?: WaitOptions): Promise<void> {
    if (!this.#session.supports("set-info")) throw new RoomError("forbidden", "the server does not let clients set their info");
    await this.request("$set-info", info, options);
  }

  /** Leaves the server and ends. */
  close(): void {
    if (this.#state === "ended") return;
    this.#connection?.close();
    this.#end(new ConnectionError("closed", "closed by this client", 1000));
  }

  async #connect(): Promise<void> {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    const attempt = ++this.#attempt;
    let token: string | null | undefined;
    try {
      token = await wait<typeof token>({ timeout: connectTimeout }, (resolve, reject) => {
        Promise.resolve(this.#token?.()).then(resolve, reject);
      });
    } catch (error) {
      if (attempt === this.#attempt) this.#onClosed(1006, "there is no token", error);
      return;
    }
    if (attempt !== this.#attempt) return;
    try {
      const connection: Connection = new Connection(this.#WebSocket, this.#url, token || undefined, this.#session.hello(), {
        received: (envelope) => this.#onEnvelope(connection, envelope),
        closed: (code, reason) => this.#onClosed(code, reason),
      });
      this.#connection = connection;
    } catch (error) {
      // Not the network's fault: the URL is none, or not allowed on this page.
      this.#end(new ConnectionError("closed", "no WebSocket can be made", undefined, { cause: error }));
    }
  }

  #onEnvelope(connection: Connection, envelope: Envelope): void {
    if (this.#welcomedAt !== undefined) {
      this.#session.receive(envelope);
      return;
    }
    const serverInfo = envelope.action === "welcome" ? parseWelcome(envelope.message_body) : undefined;
    if (!serverInfo) return;
    this.#welcomedAt = performance.now();
    connection.markWelcomed(serverInfo.heartbeat);
    const gaps = this.#session.attach(serverInfo, connection);
    this.#setState("connected");
    if (!gaps) return;
    this.reportGap({});
    for (const [room, gap] of gaps) room.reportGap(gap);
  }

  #onClosed(code: number, reason: string, cause?: unknown): void {
    this.#connection = undefined;
    this.#session.detach();
    const connectedFor = this.#welcomedAt === undefined ? 0 : performance.now() - this.#welcomedAt;
    this.#welcomedAt = undefined;
    const decision = this.#decide(code, connectedFor);
    const text = `connection closed: ${code}${reason && `: ${reason}`}`;
    if (!decision) {
      this.#end(new ConnectionError("closed", text, code, { cause }));
      return;
    }
    this.#newSession = decision.newSession;
    if (decision.newSession) this.#session.discard();
    this.#retryTimer = schedule(() => void this.#connect(), decision.delay);
    this.#setState("offline", new ConnectionError("offline", text, code, { cause }));
  }

  #decide(code: number, connectedFor: number): RetryDecision | undefined {
    const decision = this.#backoff.next(code, connectedFor, this.#token !== undefined);
    // Two tabs came to one session. One of them has it now, the other begins its own.
    return code === 4009 && this.#storage ? { delay: 0, newSession: true } : decision;
  }

  #end(error: ConnectionError): void {
    this.#stop();
    this.#session.end(error);
    this.finish(error);
    this.#setState("ended", error);
  }

  #stop(): void {
    this.#attempt++;
    clearTimeout(this.#retryTimer);
    for (const [type, listener] of this.#pageListeners) globalThis.removeEventListener?.(type, listener);
  }

  // What the browser knows about the network is a hint: while it says that there is
  // none, a server on the same machine may still answer.
  #onOnline = (): void => {
    if (this.#retryTimer === undefined || this.#newSession) return;
    this.#backoff.reset();
    void this.#connect();
  };

  #onOffline = (): void => {
    this.#connection?.abandon("the network is gone");
  };

  // A page that the browser keeps may be shown again and then go on.
  #onPageHide = (event: Event): void => {
    const kept = (event as PageTransitionEvent).persisted;
    this.#storage?.save(this.#session.save());
    if (kept) return;
    if (!this.#storage) {
      this.close();
      return;
    }
    this.#connection?.suspend();
    this.#stop();
  };

  readonly #pageListeners = [
    ["online", this.#onOnline],
    ["offline", this.#onOffline],
    ["pagehide", this.#onPageHide],
  ] as const;

  #setState(state: State, error?: ConnectionError): void {
    if (this.#state === state && state !== "offline") return;
    this.#state = state;
    this.#stateListeners.emit(state, error);
  }
}
