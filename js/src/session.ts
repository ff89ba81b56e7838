import type { Connection } from "./connection.js";
import { type Address, type Envelope, type Terms, encode } from "./envelope.js";
import { ConnectionError, RoomError, outcomeUnknown, roomError } from "./errors.js";
import { type Timer, type WaitOptions, later, soon, waiting } from "./later.js";
import { RateLimiter } from "./rateLimiter.js";
import { type Outgoing, Queue } from "./queue.js";
import { Room, type SavedRoom, endOf, passes } from "./room.js";
import type { RequestOptions, Sender } from "./sender.js";
import type { Body, ClosedReason, Gap, JoinParams } from "./types.js";

/** The names of the protocol's later additions that this client knows. */
const features: string[] = ["set-info"];

/** The largest message of a server that did not say another limit. */
const defaultBytes = 65_536;

/** How long a page has to join the rooms that the page before it in its tab was in. */
const parking = 10_000; // ms

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
  placed(room: Room): void;
}

/** A leave that the server does not know of yet. */
interface Leave {
  message: Outgoing;
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
  #direct = 0;
  #bytes = 0; // the server's limit of a message; 0 is none
  #features: unknown[] = features; // of the server, once it has said
  #ended: ConnectionError | undefined;
  #lost = false; // a connection was lost, or could not be made
  #connection: Connection | undefined; // while welcome
  #timer: Timer | undefined;
  #omitted: Room[] = []; // rooms that the last hello had no place for
  readonly #options: SessionOptions;
  readonly #events: SessionEvents;
  readonly #queue = new Queue();
  readonly #rateLimiter = new RateLimiter();
  readonly #rooms = new Map<string, Room>();
  readonly #leaving = new Map<string, Leave>();

  constructor(options: SessionOptions, events: SessionEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** Whether the server knows an addition to the protocol, as far as it has said. */
  knows(feature: string): boolean {
    return this.#features.includes(feature);
  }

  /** The first message on a connection. It fits the server's limit: rooms beyond are joined again after `welcome`. */
  hello(): string {
    this.#omitted = [];
    if (this.#token === undefined) return encode("hello", { features });
    const hello = { features, session: this.#token, rooms: {}, direct: this.#direct };
    let left = (this.#bytes || defaultBytes) - encode("hello", hello).length;
    const told: [string, unknown][] = [];
    for (const room of this.#rooms.values()) {
      const { name, position } = room;
      if (!position) continue;
      left -= JSON.stringify([name, position]).length;
      if (left >= 0) told.push([name, position]);
      else this.#omitted.push(room);
    }
    return encode("hello", { ...hello, rooms: Object.fromEntries(told) });
  }

  /**
   * Goes on with a connection that is welcome. Where it begins a new session after
   * another, returns what each room has lost, once the joins that return to the
   * rooms are on their way: what the application then sends comes after them.
   */
  begin(terms: Terms, connection: Connection): [Room, Gap][] | undefined {
    const first = this.id === "";
    this.id = terms.client;
    this.#token = terms.session;
    this.#bytes = terms.limits.message_bytes;
    this.#features = terms.features;
    this.#rateLimiter.limit(terms.limits);
    this.#connection = connection;
    const gaps = terms.resumed ? undefined : this.#renew();
    const omitted = terms.resumed ? this.#omitted.filter((room) => !room.closed && !room.joining) : [];
    this.#queue.addFirst(omitted.map((room) => this.#rejoin(room)));
    this.#queue.resend();
    this.#flush();
    if (first) this.#adopt();
    return first ? undefined : gaps;
  }

  /** Goes on without a connection for a while. */
  pause(): void {
    this.#lost = true;
    this.#connection = undefined;
    clearTimeout(this.#timer);
  }

  /** Gives the session up; the next connection begins a new one. */
  giveUp(): void {
    this.#token = undefined;
    this.#queue.lose();
  }

  end(error: ConnectionError): void {
    this.pause();
    this.#ended = error;
    this.#queue.end(error);
    for (const { message } of [...this.#leaving.values()]) message.resolve({});
    for (const room of [...this.#rooms.values()]) this.#out(room, "ended");
  }

  /** What the page that is loaded next needs to go on; undefined without a session. */
  save(): SavedSession | undefined {
    if (this.#token === undefined) return undefined;
    const rooms = [...this.#rooms.values()].map((room) => room.save()).filter((room) => room !== undefined);
    return { token: this.#token, direct: this.#direct, rooms };
  }

  /** Goes on with the session of the page before. */
  restore({ token, direct, rooms }: SavedSession): void {
    this.#token = token;
    this.#direct = direct;
    for (const saved of rooms) this.#add(saved.name, undefined).restore(saved);
  }

  join(name: string, params: JoinParams, options: WaitOptions): Promise<Room> {
    let joining: Room | undefined;
    return waiting(options, (resolve, reject) => {
      let abandoned = false;
      const enter = async () => {
        for (let leave; (leave = this.#leaving.get(name)); ) await leave.done;
        if (abandoned) return;
        joining = this.#enter(name, params);
        joining.waiters++;
        await joining.joining;
        joining.waiters--;
        return joining;
      };
      enter().then((room) => room && resolve(room), reject);
      return () => {
        abandoned = true;
        if (joining?.joining && --joining.waiters === 0) this.#abandon(joining);
      };
    });
  }

  request(action: string, body: object, address: Address, options: RequestOptions = {}): Promise<Body> {
    return waiting(options, (resolve, reject) => {
      if (this.#ended) throw this.#ended;
      if (!options.always) this.#admit();
      const message = { text: encode(action, body, address), owner: options.owner, resolve, reject };
      this.#queue.add(message);
      this.#flush();
      return () => this.#queue.cancel(message);
    });
  }

  post(action: string, body: object, address: Address): boolean {
    const text = encode(action, body, address);
    if (!this.#connection || this.#queue.ready() || this.#rateLimiter.take() > 0) return false;
    if (this.#tooLarge(text)) throw tooLarge();
    return this.#connection.send(text);
  }

  /** Leaves a room. The leave waits for a connection, and is repeated until the server accepts it. */
  leave(room: Room): Promise<void> {
    const { name } = room;
    this.#out(room, "left");
    if (this.#ended) return Promise.resolve();
    let resolve!: () => void;
    const done = new Promise<void>((settle) => (resolve = settle));
    const message: Outgoing = {
      text: encode("leave-room", {}, { target: name }),
      resolve: () => {
        this.#leaving.delete(name);
        resolve();
      },
      reject: (error) => {
        if (passes(error)) this.#repeat(message, () => this.#leaving.get(name)?.message === message);
        else message.resolve({}); // it is out of the room
      },
    };
    this.#leaving.set(name, { message, done });
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
    if (!room && action === "joined-room" && !lobby && !this.#leaving.has(name)) room = this.#add(name, undefined);
    if (ref !== undefined && (action === "ack" || action === "error")) {
      this.#answer(ref, envelope, room);
      return;
    }
    // The names of later additions to the protocol begin with "$".
    if (!this.#advance(envelope, room) || action.startsWith("$")) return;
    if (room) this.#deliver(room, envelope);
    // What comes from a room after this client has left it is of no concern any more.
    else if (lobby || action === "error") this.#events.received(envelope);
  }

  #abandon(room: Room): void {
    this.#queue.drop(room, endOf(room.name, "left"));
    void this.leave(room);
  }

  #deliver(room: Room, envelope: Envelope): void {
    const { action, message_body: body } = envelope;
    if (action === "joined-room") {
      const placed = room.placed && !room.entered;
      room.enter(body);
      if (placed) this.#events.placed(room);
    } else if (action === "left-room") {
      this.#removed(room, body["reason"]);
    } else {
      room.receive(envelope);
    }
  }

  #removed(room: Room, reason: unknown): void {
    if (room.parked) {
      // That membership was the page's before; a join that is under way makes a new one.
      room.forget();
      room.parked = false;
      if (!room.joining) this.#rooms.delete(room.name);
    } else if (reason === "lost" && room.params && !room.joining) {
      const gap = room.forget();
      this.#queue.addFirst([this.#rejoin(room)]);
      this.#flush();
      room.gap(gap);
    } else {
      this.#out(room, typeof reason === "string" ? (reason as ClosedReason) : "closed");
    }
  }

  // Takes a room away that this client is not in any more. What waits for it is not
  // sent, except what the application said before it left.
  #out(room: Room, reason: ClosedReason): void {
    if (this.#rooms.get(room.name) === room) this.#rooms.delete(room.name);
    if (room.closed) return;
    this.#queue.cancel(room.rejoin);
    const error = this.#ended ?? endOf(room.name, reason);
    if (reason !== "left") this.#queue.drop(room, error);
    room.end(reason, error);
  }

  // Takes over the rooms of the page before: those that the server put the client
  // into at once, others when this page joins them.
  #adopt(): void {
    const parked = [...this.#rooms.values()].filter((room) => room.parked && !room.joining);
    for (const room of parked.filter((room) => room.placed)) {
      room.adopt();
      this.#events.placed(room);
      room.release();
      void room.relist();
    }
    const leave = () => {
      for (const room of parked) if (room.parked && !room.joining && !room.closed) void this.leave(room);
    };
    if (parked.length > 0) later(leave, parking);
  }

  #add(name: string, params: JoinParams | undefined): Room {
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
    if (last <= this.#direct) return gap;
    this.#direct = last;
    return true;
  }

  // What was sent again may be answered from the server's memory, under a position
  // that has passed, or before what was missed and is still on its way. So such an
  // answer counts whatever its position, and its position does not.
  #answer(id: number, envelope: Envelope, room: Room | undefined): void {
    const { action, message_body: body } = envelope;
    const again = this.#queue.wasResent(id);
    const message = this.#queue.answered(id);
    this.#flush(); // it has made a place
    if (!again) this.#advance(envelope, room);
    if (!message) return;
    if (action === "ack") message.resolve(body);
    // The server has the message, but its answer no more.
    else message.reject(again && body["code"] === "stale-id" ? outcomeUnknown() : roomError(body));
  }

  /** Returns the room of a name, which may be joining. */
  #enter(name: string, params: JoinParams): Room {
    // What is asked of an opening is asked once: on return the room is open.
    const { create, ...again } = params;
    const known = this.#rooms.get(name);
    if (known && (known.joining || !known.parked)) {
      if (create) throw new RoomError("room-exists", `this client is in ${name} already`);
      known.params ??= again;
      return known;
    }
    const room = known ?? this.#add(name, again);
    if (!known) room.hold();
    room.params = again;
    room.joining = this.#ask(room, params);
    return room;
  }

  async #ask(room: Room, params: JoinParams): Promise<void> {
    try {
      for (;;) {
        try {
          await this.request("join-room", params, { target: room.name }, { owner: room });
          // The client was in the room before, or the room has removed it meanwhile.
          if (!room.entered && !room.closed) await room.verify();
          break;
        } catch (error) {
          // To join twice is to join once, except where the room must be new.
          const unknown = error instanceof RoomError && error.code === "outcome-unknown";
          if (!unknown || params.create || room.closed) throw error;
        }
      }
      if (room.closed) throw endOf(room.name, room.closed);
      room.parked = false;
    } catch (error) {
      const { closed } = room;
      // The server may have the client in the room, for a page before or an answer that is lost.
      if (!closed && (room.parked || room.entered)) void this.leave(room);
      else this.#out(room, "refused");
      throw closed ? endOf(room.name, closed) : error;
    } finally {
      room.joining = undefined;
      // Until then the caller of `join` adds its listeners.
      later(() => room.release(), 0);
    }
  }

  #renew(): [Room, Gap][] {
    this.#queue.lose();
    this.#direct = 0;
    for (const { message } of [...this.#leaving.values()]) {
      this.#queue.cancel(message);
      message.resolve({});
    }
    const gaps: [Room, Gap][] = [];
    const joins: Outgoing[] = [];
    for (const room of [...this.#rooms.values()]) {
      const gap = room.forget();
      if (room.joining) {
        room.parked = false; // it joins as any other
      } else if (room.parked) {
        this.#rooms.delete(room.name);
      } else if (room.params) {
        gaps.push([room, gap]);
        joins.push(this.#rejoin(room));
      } else {
        // What the server has put a client into is the server's to do again.
        this.#out(room, "lost");
      }
    }
    this.#queue.addFirst(joins);
    return gaps;
  }

  /** A request that returns to a room. */
  #rejoin(room: Room): Outgoing {
    this.#queue.cancel(room.rejoin);
    const message: Outgoing = {
      text: encode("join-room", room.params ?? {}, { target: room.name }),
      // As in a first join, an answer without a position proves nothing.
      resolve: () => {
        if (!room.position) room.verify().catch(message.reject);
      },
      reject: (error) => {
        const current = () => room.rejoin === message && !room.closed;
        if (!current() || !(error instanceof RoomError)) return;
        if (passes(error)) {
          this.#repeat(message, current);
        } else {
          room.fail(error);
          this.#out(room, "refused");
        }
      },
    };
    room.rejoin = message;
    return message;
  }

  /** Sends a message of the client's own again after a pause. */
  #repeat(message: Outgoing, wanted: () => boolean): void {
    soon(() => {
      if (!wanted() || this.#ended) return;
      this.#queue.cancel(message);
      this.#queue.addFirst([message]);
      this.#flush();
    });
  }

  #admit(): void {
    if (!this.#connection && this.#lost && this.#options.offline === "reject") {
      throw new ConnectionError("offline", "not connected");
    }
    if (this.#queue.waiting >= this.#options.queue) {
      throw new ConnectionError("queue-full", `${this.#queue.waiting} messages wait to be sent`);
    }
  }

  #flush(): void {
    clearTimeout(this.#timer);
    while (this.#connection && this.#queue.ready()) {
      const wait = this.#rateLimiter.take();
      if (wait > 0) {
        this.#timer = later(() => this.#flush(), wait);
        return;
      }
      const [id, text] = this.#queue.next();
      if (this.#tooLarge(text)) this.#queue.answered(id)?.reject(tooLarge());
      else this.#connection.send(text);
    }
  }

  #tooLarge(text: string): boolean {
    const limit = this.#bytes || Infinity;
    return text.length * 3 > limit && new TextEncoder().encode(text).length > limit;
  }
}

/** The server would close the connection, and the session with it. */
function tooLarge(): RoomError {
  return new RoomError("too-large", "more bytes than the server takes");
}
