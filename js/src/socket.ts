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

/** The options of a socket. All are optional. */
export interface Options {
  /**
   * Returns a token that identifies the user to the server; null or undefined means no
   * token. Called before every attempt to connect. If it throws, or takes longer than
   * 15 s, the attempt fails.
   */
  token?: () => string | null | undefined | Promise<string | null | undefined>;
  /**
   * How long the session lives in a browser. "page", the default: until the page is
   * closed. "tab": the next page of the tab resumes it, for example after a reload.
   * That page has 10 s to join its rooms again; the client leaves the others.
   */
  session?: "page" | "tab";
  /** What to do with messages while the connection is lost. Default: "queue". */
  offline?: "queue" | "reject";
  /** How many messages may wait to be sent, whatever the reason. Default: 256. */
  queue?: number;
  /** The name of the server's lobby. Default: "lobby". */
  lobby?: string;
  /** The WebSocket to use. Default: the global one, which Node.js has since version 22. */
  WebSocket?: WebSocketConstructor;
}

/**
 * The state of a socket: `connecting` for the first time; `connected`; `offline`, which
 * means that the connection was lost or could not be established and that the socket
 * keeps trying; or `ended`, for good.
 */
export type State = "connecting" | "connected" | "offline" | "ended";

/** A room in the list of rooms. */
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
  /** The number of rooms on all pages. */
  count: number;
  /** The `after` of the next page, if there is one. */
  next?: string;
}

/**
 * Connects to the server at a ws:// or wss:// URL, and reconnects whenever the
 * connection breaks.
 */
export function connect<T extends RoomTypes<T> = Untyped>(url: string | URL, options: Options = {}): Socket<T> {
  return new Socket<T>(String(url), options);
}

/**
 * A client of the server, with its rooms. It outlives its connections. As a channel it
 * is the lobby, which every client is in, and also receives the messages that the
 * server sends to this client from outside any room.
 */
export class Socket<T extends RoomTypes<T> = Untyped> extends Channel<T> {
  #state: State = "connecting";
  #connection: Connection | undefined;
  #attempt = 0;
  #retryTimer: Timer | undefined;
  #welcomedAt: number | undefined;
  #newSession = false; // the next connection starts a new session
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
    if (!WebSocket) throw new TypeError("there is no global WebSocket: pass one in the options");
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

  /** This client's ID, its public name; empty before the first connection. */
  get id(): string {
    return this.#session.id;
  }

  /** The current state. */
  get state(): State {
    return this.#state;
  }

  /**
   * Registers a listener for changes of the state. While the socket is `offline`, the
   * listener is also called after each failed attempt to reconnect. `error` says why
   * the socket is `offline` or `ended`.
   */
  onState(listener: (state: State, error?: ConnectionError) => void): () => void {
    return this.#stateListeners.add(listener);
  }

  /** Registers a listener for rooms that this client did not join itself: the server added it. */
  onRoom(listener: (room: Room) => void): () => void {
    return this.#roomListeners.add(listener);
  }

  /**
   * Joins a room, or returns it if this client is already in it. In a new session the
   * client rejoins the room automatically, with the same parameters except `create`.
   * Listeners that are added right after the promise resolves miss no message. Rejects
   * if the join is refused. If the room removes the client during the join, rejects
   * with a `RoomError` whose code is the reason, such as `kicked`. If the options
   * cancel the join, the client leaves the room again.
   */
  join<R extends RoomTypes<R> = Untyped>(name: string, params: JoinParams = {}, options: WaitOptions = {}): Promise<Room<R>> {
    return this.#session.join(name, params, options) as Promise<Room<any>>;
  }

  /**
   * Lists rooms that are not hidden, sorted by name: the first 100, or the next ones
   * after a name.
   */
  async listRooms({ after, ...options }: WaitOptions & { after?: string } = {}): Promise<RoomList> {
    const list: object = await this.request("list-rooms", after === undefined ? {} : { after }, options);
    return list as RoomList;
  }

  /**
   * Sets the info that members of its rooms see about this client: an object of at most
   * 1 KiB; an empty object removes it. The info belongs to the session. Rejects with
   * `forbidden` if the server does not let clients set it.
   */
  async setInfo(info: object, options?: WaitOptions): Promise<void> {
    if (!this.#session.supports("set-info")) throw new RoomError("forbidden", "the server does not allow clients to set their info");
    await this.request("$set-info", info, options);
  }

  /** Leaves the server and ends the socket. */
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
      if (attempt === this.#attempt) this.#onClosed(1006, "could not get a token", error);
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
      // This is no network error: the URL is invalid, or not allowed on this page.
      this.#end(new ConnectionError("closed", "could not create a WebSocket", undefined, { cause: error }));
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
    // Two tabs used the same session. The other one has it now, so this one starts its
    // own.
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

  // The network state of the browser is only a hint: a server on the same machine may
  // answer while the browser is offline.
  #onOnline = (): void => {
    if (this.#retryTimer === undefined || this.#newSession) return;
    this.#backoff.reset();
    void this.#connect();
  };

  #onOffline = (): void => {
    this.#connection?.abandon("the browser is offline");
  };

  // A page that the browser keeps may be shown again and then continue.
  #onPageHide = (event: Event): void => {
    const isKept = (event as PageTransitionEvent).persisted;
    this.#storage?.save(this.#session.save());
    if (isKept) return;
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
