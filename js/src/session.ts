import type { Connection } from "./connection.js";
import { type Address, type Envelope, type ServerInfo, encode } from "./envelope.js";
import { ConnectionError, RoomError, outcomeUnknown, roomError } from "./errors.js";
import { RateLimiter } from "./rateLimiter.js";
import { type PendingRequest, Queue } from "./queue.js";
import { Room, type SavedRoom, closedError, isRetryable } from "./room.js";
import type { RequestOptions, Sender } from "./sender.js";
import { type Timer, schedule, scheduleRetry } from "./timer.js";
import type { Body, ClosedReason, Gap, JoinParams } from "./types.js";
import { type WaitOptions, wait } from "./wait.js";

/** The names of the protocol's later additions that this client knows. */
const clientFeatures: string[] = ["set-info"];

/** The largest message of a server that did not say another limit. */
const defaultMaxMessageBytes = 65_536;

/** How long a page has to join the rooms that the page before it in its tab was in. */
const restoreWindow = 10_000; // ms

/** What a session takes from the options of its socket. */
export interface SessionOptions {
  offline: "queue" | "reject";
  queue: number;
  lobby: string;
}

/** What a page keeps of its session for the page that is loaded next in its tab. */
export interface SavedSession {
  token: string;
  direct: number;
  rooms: SavedRoom[];
}

/** Callbacks for the owner of a session. */
export interface SessionEvents {
  /** A message that belongs to no room. */
  received(envelope: Envelope): void;
  /** A room that the server has put this client into. */
  roomAdded(room: Room): void;
}

/** A leave that the server does not know of yet. */
interface PendingLeave {
  message: PendingRequest;
  done: Promise<void>;
}

/**
 * What outlives a connection: the client's identity, its rooms and how far it has
 * read in them, and the messages that wait or have no answer yet.
 */
export class Session implements Sender {
  /** The client's slug. */
  id = "";

  #token: string | undefined;
  #lastDirect = 0;
  #maxMessageBytes = 0; // the server's limit of a message; 0 is none
  #serverFeatures: unknown[] = clientFeatures; // of the server, once it has said
  #ended: ConnectionError | undefined;
  #everDisconnected = false; // a connection was lost, or could not be made
  #connection: Connection | undefined; // while welcome
  #flushTimer: Timer | undefined;
  #omittedRooms: Room[] = []; // rooms that the last hello had no place for
  readonly #options: SessionOptions;
  readonly #events: SessionEvents;
  readonly #queue = new Queue();
  readonly #rateLimiter = new RateLimiter();
  readonly #rooms = new Map<string, Room>();
  readonly #pendingLeaves = new Map<string, PendingLeave>();

  constructor(options: SessionOptions, events: SessionEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** Whether the server knows an addition to the protocol, as far as it has said. */
  supports(feature: string): boolean {
    return this.#serverFeatures.includes(feature);
  }

  /** The first message on a connection. It fits the server's limit: rooms beyond are joined again after `welcome`. */
  hello(): string {
    this.#omittedRooms = [];
    if (this.#token === undefined) return encode("hello", { features: clientFeatures });
    const hello = { features: clientFeatures, session: this.#token, rooms: {}, direct: this.#lastDirect };
    let remaining = (this.#maxMessageBytes || defaultMaxMessageBytes) - encode("hello", hello).length;
    const included: [string, unknown][] = [];
    for (const room of this.#rooms.values()) {
      const { name, position } = room;
      if (!position) continue;
      remaining -= JSON.stringify([name, position]).length;
      if (remaining >= 0) included.push([name, position]);
      else this.#omittedRooms.push(room);
    }
    return encode("hello", { ...hello, rooms: Object.fromEntries(included) });
  }

  /**
   * Goes on with a connection that is welcome. Where it begins a new session after
   * another, returns what each room has lost, once the joins that return to the
   * rooms are on their way: what the application then sends comes after them.
   */
  attach(serverInfo: ServerInfo, connection: Connection): [Room, Gap][] | undefined {
    const first = this.id === "";
    this.id = serverInfo.client;
    this.#token = serverInfo.session;
    this.#maxMessageBytes = serverInfo.limits.message_bytes;
    this.#serverFeatures = serverInfo.features;
    this.#rateLimiter.setLimits(serverInfo.limits);
    this.#connection = connection;
    const gaps = serverInfo.resumed ? undefined : this.#startNewSession();
    const omitted = serverInfo.resumed ? this.#omittedRooms.filter((room) => !room.closed && !room.joining) : [];
    this.#queue.addFirst(omitted.map((room) => this.#rejoinRequest(room)));
    this.#queue.resendUnanswered();
    this.#flush();
    if (first) this.#resumeRestoredRooms();
    return first ? undefined : gaps;
  }

  /** Goes on without a connection for a while. */
  detach(): void {
    this.#everDisconnected = true;
    this.#connection = undefined;
    clearTimeout(this.#flushTimer);
  }

  /** Gives the session up; the next connection begins a new one. */
  discard(): void {
    this.#token = undefined;
    this.#queue.rejectUnanswered();
  }

  end(error: ConnectionError): void {
    this.detach();
    this.#ended = error;
    this.#queue.rejectAll(error);
    for (const { message } of [...this.#pendingLeaves.values()]) message.resolve({});
    for (const room of [...this.#rooms.values()]) this.#closeRoom(room, "ended");
  }

  /** What the page that is loaded next needs to go on; undefined without a session. */
  save(): SavedSession | undefined {
    if (this.#token === undefined) return undefined;
    const rooms = [...this.#rooms.values()].map((room) => room.save()).filter((room) => room !== undefined);
    return { token: this.#token, direct: this.#lastDirect, rooms };
  }

  /** Goes on with the session of the page before. */
  restore({ token, direct, rooms }: SavedSession): void {
    this.#token = token;
    this.#lastDirect = direct;
    for (const saved of rooms) this.#addRoom(saved.name, undefined).restore(saved);
  }

  join(name: string, params: JoinParams, options: WaitOptions): Promise<Room> {
    let joining: Room | undefined;
    return wait(options, (resolve, reject) => {
      let abandoned = false;
      const enter = async () => {
        for (let leave; (leave = this.#pendingLeaves.get(name)); ) await leave.done;
        if (abandoned) return;
        joining = this.#startJoin(name, params);
        joining.joinWaiters++;
        await joining.joining;
        joining.joinWaiters--;
        return joining;
      };
      enter().then((room) => room && resolve(room), reject);
      return () => {
        abandoned = true;
        if (joining?.joining && --joining.joinWaiters === 0) this.#cancelJoin(joining);
      };
    });
  }

  request(action: string, body: object, address: Address, options: RequestOptions = {}): Promise<Body> {
    return wait(options, (resolve, reject) => {
      if (this.#ended) throw this.#ended;
      if (!options.skipLimits) this.#checkLimits();
      const message = { text: encode(action, body, address), owner: options.owner, resolve, reject };
      this.#queue.add(message);
      this.#flush();
      return () => this.#queue.cancel(message);
    });
  }

  post(action: string, body: object, address: Address): boolean {
    const text = encode(action, body, address);
    if (!this.#connection || this.#queue.hasNext() || this.#rateLimiter.take() > 0) return false;
    if (this.#tooLarge(text)) throw tooLarge();
    return this.#connection.send(text);
  }

  /** Leaves a room. The leave waits for a connection, and is repeated until the server accepts it. */
  leave(room: Room): Promise<void> {
    const { name } = room;
    this.#closeRoom(room, "left");
    if (this.#ended) return Promise.resolve();
    let resolve!: () => void;
    const done = new Promise<void>((settle) => (resolve = settle));
    const message: PendingRequest = {
      text: encode("leave-room", {}, { target: name }),
      resolve: () => {
        this.#pendingLeaves.delete(name);
        resolve();
      },
      reject: (error) => {
        if (isRetryable(error)) this.#retryLater(message, () => this.#pendingLeaves.get(name)?.message === message);
        else message.resolve({}); // it is out of the room
      },
    };
    this.#pendingLeaves.set(name, { message, done });
    this.#queue.add(message);
    this.#flush();
    return done;
  }

  /** Takes what the server sent to where it belongs. */
  receive(envelope: Envelope): void {
    const { action, room: from, IsTargetClient, target, ref } = envelope;
    const name = from ?? (IsTargetClient ? "" : target);
    const lobby = name === "" || name === this.#options.lobby;
    let room = this.#rooms.get(name);
    if (!room && action === "joined-room" && !lobby && !this.#pendingLeaves.has(name)) room = this.#addRoom(name, undefined);
    if (ref !== undefined && (action === "ack" || action === "error")) {
      this.#handleAnswer(ref, envelope, room);
      return;
    }
    // The names of later additions to the protocol begin with "$".
    if (!this.#advance(envelope, room) || action.startsWith("$")) return;
    if (room) this.#deliver(room, envelope);
    // What comes from a room after this client has left it is of no concern any more.
    else if (lobby || action === "error") this.#events.received(envelope);
  }

  #cancelJoin(room: Room): void {
    this.#queue.rejectUnsent(room, closedError(room.name, "left"));
    void this.leave(room);
  }

  #deliver(room: Room, envelope: Envelope): void {
    const { action, message_body: body } = envelope;
    if (action === "joined-room") {
      const isNew = room.addedByServer && !room.joined;
      room.handleJoined(body);
      if (isNew) this.#events.roomAdded(room);
    } else if (action === "left-room") {
      this.#handleLeft(room, body["reason"]);
    } else {
      room.receive(envelope);
    }
  }

  #handleLeft(room: Room, reason: unknown): void {
    if (room.restored) {
      // That membership was the page's before; a join that is under way makes a new one.
      room.resetPosition();
      room.restored = false;
      if (!room.joining) this.#rooms.delete(room.name);
    } else if (reason === "lost" && room.params && !room.joining) {
      const gap = room.resetPosition();
      this.#queue.addFirst([this.#rejoinRequest(room)]);
      this.#flush();
      room.reportGap(gap);
    } else {
      this.#closeRoom(room, typeof reason === "string" ? (reason as ClosedReason) : "closed");
    }
  }

  // Takes a room away that this client is not in any more. What waits for it is not
  // sent, except what the application said before it left.
  #closeRoom(room: Room, reason: ClosedReason): void {
    if (this.#rooms.get(room.name) === room) this.#rooms.delete(room.name);
    if (room.closed) return;
    this.#queue.cancel(room.rejoinRequest);
    const error = this.#ended ?? closedError(room.name, reason);
    if (reason !== "left") this.#queue.rejectUnsent(room, error);
    room.end(reason, error);
  }

  // Takes over the rooms of the page before: those that the server put the client
  // into at once, others when this page joins them.
  #resumeRestoredRooms(): void {
    const restored = [...this.#rooms.values()].filter((room) => room.restored && !room.joining);
    for (const room of restored.filter((room) => room.addedByServer)) {
      room.markJoined();
      this.#events.roomAdded(room);
      room.stopBuffering();
      void room.refreshMembers();
    }
    const leave = () => {
      for (const room of restored) if (room.restored && !room.joining && !room.closed) void this.leave(room);
    };
    if (restored.length > 0) schedule(leave, restoreWindow);
  }

  #addRoom(name: string, params: JoinParams | undefined): Room {
    const room: Room = new Room(this, name, params, () => this.leave(room));
    this.#rooms.set(name, room);
    return room;
  }

  // Takes note of a position. False: it was received before.
  #advance(envelope: Envelope, room: Room | undefined): boolean {
    if (room) return room.advance(envelope);
    const { action, n, message_body: body } = envelope;
    const gap = action === "gap" && envelope.room === undefined;
    const last = gap ? body["to"] : n;
    if (typeof last !== "number") return true;
    if (last <= this.#lastDirect) return gap;
    this.#lastDirect = last;
    return true;
  }

  // What was sent again may be answered from the server's memory, under a position
  // that has passed, or before what was missed and is still on its way. So such an
  // answer counts whatever its position, and its position does not.
  #handleAnswer(id: number, envelope: Envelope, room: Room | undefined): void {
    const { action, message_body: body } = envelope;
    const again = this.#queue.wasResent(id);
    const message = this.#queue.takeUnanswered(id);
    this.#flush(); // it has made a place
    if (!again) this.#advance(envelope, room);
    if (!message) return;
    if (action === "ack") message.resolve(body);
    // The server has the message, but its answer no more.
    else message.reject(again && body["code"] === "stale-id" ? outcomeUnknown() : roomError(body));
  }

  /** Returns the room of a name, which may be joining. */
  #startJoin(name: string, params: JoinParams): Room {
    // What is asked of an opening is asked once: on return the room is open.
    const { create, ...again } = params;
    const known = this.#rooms.get(name);
    if (known && (known.joining || !known.restored)) {
      if (create) throw new RoomError("room-exists", `this client is in ${name} already`);
      known.params ??= again;
      return known;
    }
    const room = known ?? this.#addRoom(name, again);
    if (!known) room.startBuffering();
    room.params = again;
    room.joining = this.#performJoin(room, params);
    return room;
  }

  async #performJoin(room: Room, params: JoinParams): Promise<void> {
    try {
      for (;;) {
        try {
          await this.request("join-room", params, { target: room.name }, { owner: room });
          // The client was in the room before, or the room has removed it meanwhile.
          if (!room.joined && !room.closed) await room.confirmMembership();
          break;
        } catch (error) {
          // To join twice is to join once, except where the room must be new.
          const unknown = error instanceof RoomError && error.code === "outcome-unknown";
          if (!unknown || params.create || room.closed) throw error;
        }
      }
      if (room.closed) throw closedError(room.name, room.closed);
      room.restored = false;
    } catch (error) {
      const { closed } = room;
      // The server may have the client in the room, for a page before or an answer that is lost.
      if (!closed && (room.restored || room.joined)) void this.leave(room);
      else this.#closeRoom(room, "refused");
      throw closed ? closedError(room.name, closed) : error;
    } finally {
      room.joining = undefined;
      // Until then the caller of `join` adds its listeners.
      schedule(() => room.stopBuffering(), 0);
    }
  }

  #startNewSession(): [Room, Gap][] {
    this.#queue.rejectUnanswered();
    this.#lastDirect = 0;
    for (const { message } of [...this.#pendingLeaves.values()]) {
      this.#queue.cancel(message);
      message.resolve({});
    }
    const gaps: [Room, Gap][] = [];
    const joins: PendingRequest[] = [];
    for (const room of [...this.#rooms.values()]) {
      const gap = room.resetPosition();
      if (room.joining) {
        room.restored = false; // it joins as any other
      } else if (room.restored) {
        this.#rooms.delete(room.name);
      } else if (room.params) {
        gaps.push([room, gap]);
        joins.push(this.#rejoinRequest(room));
      } else {
        // What the server has put a client into is the server's to do again.
        this.#closeRoom(room, "lost");
      }
    }
    this.#queue.addFirst(joins);
    return gaps;
  }

  /** A request that returns to a room. */
  #rejoinRequest(room: Room): PendingRequest {
    this.#queue.cancel(room.rejoinRequest);
    const message: PendingRequest = {
      text: encode("join-room", room.params ?? {}, { target: room.name }),
      // As in a first join, an answer without a position proves nothing.
      resolve: () => {
        if (!room.position) room.confirmMembership().catch(message.reject);
      },
      reject: (error) => {
        const current = () => room.rejoinRequest === message && !room.closed;
        if (!current() || !(error instanceof RoomError)) return;
        if (isRetryable(error)) {
          this.#retryLater(message, current);
        } else {
          room.reportError(error);
          this.#closeRoom(room, "refused");
        }
      },
    };
    room.rejoinRequest = message;
    return message;
  }

  /** Sends a message of the client's own again after a pause. */
  #retryLater(message: PendingRequest, wanted: () => boolean): void {
    scheduleRetry(() => {
      if (!wanted() || this.#ended) return;
      this.#queue.cancel(message);
      this.#queue.addFirst([message]);
      this.#flush();
    });
  }

  #checkLimits(): void {
    if (!this.#connection && this.#everDisconnected && this.#options.offline === "reject") {
      throw new ConnectionError("offline", "not connected");
    }
    if (this.#queue.unsent >= this.#options.queue) {
      throw new ConnectionError("queue-full", `${this.#queue.unsent} messages wait to be sent`);
    }
  }

  #flush(): void {
    clearTimeout(this.#flushTimer);
    while (this.#connection && this.#queue.hasNext()) {
      const delay = this.#rateLimiter.take();
      if (delay > 0) {
        this.#flushTimer = schedule(() => this.#flush(), delay);
        return;
      }
      const [id, text] = this.#queue.next();
      if (this.#tooLarge(text)) this.#queue.takeUnanswered(id)?.reject(tooLarge());
      else this.#connection.send(text);
    }
  }

  #tooLarge(text: string): boolean {
    const limit = this.#maxMessageBytes || Infinity;
    return text.length * 3 > limit && new TextEncoder().encode(text).length > limit;
  }
}

/** The server would close the connection, and the session with it. */
function tooLarge(): RoomError {
  return new RoomError("too-large", "more bytes than the server takes");
}
