import type { Connection } from "./connection.js";
import { type Address, type Envelope, type ServerInfo, encode } from "./envelope.js";
import { ConnectionError, RoomError, outcomeUnknown, roomError } from "./errors.js";
import { type PendingRequest, Queue } from "./queue.js";
import { RateLimiter } from "./rateLimiter.js";
import { Room, type SavedRoom, closedError, isRetryable } from "./room.js";
import type { RequestOptions, Sender } from "./sender.js";
import { type Timer, schedule, scheduleRetry } from "./timer.js";
import type { Body, ClosedReason, Gap, JoinParams } from "./types.js";
import { type WaitOptions, wait } from "./wait.js";

/** The later additions to the protocol that this client supports. */
const clientFeatures: string[] = ["set-info"];

/** The size limit of messages until a server has announced its own. */
const defaultMaxMessageBytes = 65_536;

/** How long a page has to join the rooms of the previous page in its tab. */
const restoreWindow = 10_000; // ms

/** The options of a socket that its session uses. */
export interface SessionOptions {
  offline: "queue" | "reject";
  queue: number;
  lobby: string;
}

/** The state of a session that a page saves for the next page in its tab. */
export interface SavedSession {
  token: string;
  direct: number;
  rooms: SavedRoom[];
}

/** Callbacks for the owner of a session. */
export interface SessionEvents {
  /** A message that belongs to no room. */
  received(envelope: Envelope): void;
  /** A room that the server added this client to. */
  roomAdded(room: Room): void;
}

/** A leave that the server has not confirmed. */
interface PendingLeave {
  message: PendingRequest;
  done: Promise<void>;
}

/**
 * Everything that outlives a connection: the client's identity, its rooms and its
 * positions in them, and the messages that have not been sent or answered.
 */
export class Session implements Sender {
  /** The client's ID. */
  id = "";

  #token: string | undefined;
  #lastDirect = 0;
  #maxMessageBytes = 0; // the size limit of the server; 0 means no limit
  #serverFeatures: unknown[] = clientFeatures; // assumed until the server has named its own
  #ended: ConnectionError | undefined;
  #everDisconnected = false; // a connection was lost or could not be established
  #connection: Connection | undefined; // after the welcome
  #flushTimer: Timer | undefined;
  #omittedRooms: Room[] = []; // rooms that did not fit into the last hello
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

  /**
   * Returns whether the server supports an addition to the protocol. Before the first
   * connection it is assumed to.
   */
  supports(feature: string): boolean {
    return this.#serverFeatures.includes(feature);
  }

  /**
   * Returns the first message of a connection. It fits the size limit of the server;
   * rooms that do not fit are rejoined after `welcome`.
   */
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
   * Continues on a connection after its welcome. If that replaced an earlier session by
   * a new one, returns the gap of each room. The requests that rejoin the rooms have
   * been sent or queued by then, so what the application sends comes after them.
   */
  attach(serverInfo: ServerInfo, connection: Connection): [Room, Gap][] | undefined {
    const isFirst = this.id === "";
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
    if (isFirst) this.#resumeRestoredRooms();
    return isFirst ? undefined : gaps;
  }

  /** Continues without a connection until the next one. */
  detach(): void {
    this.#everDisconnected = true;
    this.#connection = undefined;
    clearTimeout(this.#flushTimer);
  }

  /** Discards the session; the next connection starts a new one. */
  discard(): void {
    this.#token = undefined;
    this.#queue.rejectUnanswered();
  }

  /** Ends the session for good. */
  end(error: ConnectionError): void {
    this.detach();
    this.#ended = error;
    this.#queue.rejectAll(error);
    for (const { message } of [...this.#pendingLeaves.values()]) message.resolve({});
    for (const room of [...this.#rooms.values()]) this.#closeRoom(room, "ended");
  }

  /** Returns what the next page needs to continue; undefined without a session. */
  save(): SavedSession | undefined {
    if (this.#token === undefined) return undefined;
    const rooms = [...this.#rooms.values()].map((room) => room.save()).filter((room) => room !== undefined);
    return { token: this.#token, direct: this.#lastDirect, rooms };
  }

  /** Continues the session of the previous page. */
  restore({ token, direct, rooms }: SavedSession): void {
    this.#token = token;
    this.#lastDirect = direct;
    for (const saved of rooms) this.#addRoom(saved.name, undefined).restore(saved);
  }

  join(name: string, params: JoinParams, options: WaitOptions): Promise<Room> {
    let room: Room | undefined;
    return wait(options, (resolve, reject) => {
      let canceled = false;
      const run = async () => {
        for (let leave; (leave = this.#pendingLeaves.get(name)); ) await leave.done;
        if (canceled) return;
        room = this.#startJoin(name, params);
        room.joinWaiters++;
        await room.joining;
        room.joinWaiters--;
        return room;
      };
      run().then((room) => room && resolve(room), reject);
      return () => {
        canceled = true;
        if (room?.joining && --room.joinWaiters === 0) this.#cancelJoin(room);
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

  /**
   * Leaves a room. The request waits for a connection and is repeated until the server
   * accepts it.
   */
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
        else message.resolve({}); // it is not in the room anyway
      },
    };
    this.#pendingLeaves.set(name, { message, done });
    this.#queue.add(message);
    this.#flush();
    return done;
  }

  /** Handles an envelope from the server. */
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
    // Later additions to the protocol have names that begin with "$".
    if (!this.#advance(envelope, room) || action.startsWith("$")) return;
    if (room) this.#deliver(room, envelope);
    // Messages from a room that this client has left are ignored.
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
      // This was the membership of the previous page. A join in progress makes a new
      // one.
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

  // Removes a room that this client is no longer in. Its unsent messages are rejected,
  // except that messages from before a leave are still sent.
  #closeRoom(room: Room, reason: ClosedReason): void {
    if (this.#rooms.get(room.name) === room) this.#rooms.delete(room.name);
    if (room.closed) return;
    this.#queue.cancel(room.rejoinRequest);
    const error = this.#ended ?? closedError(room.name, reason);
    if (reason !== "left") this.#queue.rejectUnsent(room, error);
    room.end(reason, error);
  }

  // Continues with the rooms of the previous page: at once with those that the server
  // added the client to, with the others when this page joins them.
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

  // Records the position of an envelope. Returns false if it was received before.
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

  // The server may answer a resent message from memory: with an old position, or before
  // the missed messages have arrived. So such an answer counts whatever its position
  // is, and its position is not recorded.
  #handleAnswer(id: number, envelope: Envelope, room: Room | undefined): void {
    const { action, message_body: body } = envelope;
    const resent = this.#queue.wasResent(id);
    const message = this.#queue.takeUnanswered(id);
    this.#flush(); // there may be room for another message now
    if (!resent) this.#advance(envelope, room);
    if (!message) return;
    if (action === "ack") message.resolve(body);
    // The server got the message but no longer has its answer.
    else message.reject(resent && body["code"] === "stale-id" ? outcomeUnknown() : roomError(body));
  }

  /** Returns the room of this name. Its join may be in progress. */
  #startJoin(name: string, params: JoinParams): Room {
    // `create` applies to the first join only: on a rejoin the room is open.
    const { create, ...rejoinParams } = params;
    const known = this.#rooms.get(name);
    if (known && (known.joining || !known.restored)) {
      if (create) throw new RoomError("room-exists", `this client is already in ${name}`);
      known.params ??= rejoinParams;
      return known;
    }
    const room = known ?? this.#addRoom(name, rejoinParams);
    if (!known) room.startBuffering();
    room.params = rejoinParams;
    room.joining = this.#performJoin(room, params);
    return room;
  }

  async #performJoin(room: Room, params: JoinParams): Promise<void> {
    try {
      for (;;) {
        try {
          await this.request("join-room", params, { target: room.name }, { owner: room });
          // The client was already in the room, or the room has removed it since.
          if (!room.joined && !room.closed) await room.confirmMembership();
          break;
        } catch (error) {
          // Joining twice is harmless, unless the room must be new.
          const unknown = error instanceof RoomError && error.code === "outcome-unknown";
          if (!unknown || params.create || room.closed) throw error;
        }
      }
      if (room.closed) throw closedError(room.name, room.closed);
      room.restored = false;
    } catch (error) {
      const { closed } = room;
      // The client may be in the room because of an earlier page, or because an answer
      // was lost.
      if (!closed && (room.restored || room.joined)) void this.leave(room);
      else this.#closeRoom(room, "refused");
      throw closed ? closedError(room.name, closed) : error;
    } finally {
      room.joining = undefined;
      // By then the caller of `join` has added its listeners.
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
        room.restored = false; // its join continues like any other
      } else if (room.restored) {
        this.#rooms.delete(room.name);
      } else if (room.params) {
        gaps.push([room, gap]);
        joins.push(this.#rejoinRequest(room));
      } else {
        // The server added the client to this room. Only the server can do that again.
        this.#closeRoom(room, "lost");
      }
    }
    this.#queue.addFirst(joins);
    return gaps;
  }

  /** Creates the request that rejoins a room. */
  #rejoinRequest(room: Room): PendingRequest {
    this.#queue.cancel(room.rejoinRequest);
    const message: PendingRequest = {
      text: encode("join-room", room.params ?? {}, { target: room.name }),
      // As in a first join, an answer without a position proves nothing.
      resolve: () => {
        if (!room.position) room.confirmMembership().catch(message.reject);
      },
      reject: (error) => {
        const isCurrent = () => room.rejoinRequest === message && !room.closed;
        if (!isCurrent() || !(error instanceof RoomError)) return;
        if (isRetryable(error)) {
          this.#retryLater(message, isCurrent);
        } else {
          room.reportError(error);
          this.#closeRoom(room, "refused");
        }
      },
    };
    room.rejoinRequest = message;
    return message;
  }

  /** Repeats a request that the client made on its own, after a pause. */
  #retryLater(message: PendingRequest, stillNeeded: () => boolean): void {
    scheduleRetry(() => {
      if (!stillNeeded() || this.#ended) return;
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
      throw new ConnectionError("queue-full", `${this.#queue.unsent} messages are waiting to be sent`);
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

/** The error for a message that would make the server close the connection and end the session. */
function tooLarge(): RoomError {
  return new RoomError("too-large", "the message is larger than the server allows");
}
