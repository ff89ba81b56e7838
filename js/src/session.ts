import type { Channel, Gap } from "./channel.js";
import type { Connection } from "./connection.js";
import { type Address, type Body, type Envelope, type Welcome, encode } from "./envelope.js";
import { ConnectionError, RoomError, outcomeUnknown, roomError } from "./errors.js";
import { Pace } from "./pace.js";
import { type Outgoing, Queue } from "./queue.js";
import { type ClosedReason, type JoinParams, Room } from "./room.js";

/** What a session takes from the options of its socket. */
export interface SessionOptions {
  offline: "queue" | "reject";
  queue: number;
  lobby: string;
}

// A room, whatever the application says of its messages.
type AnyRoom = Room<any, any>;

/**
 * What outlives a connection: the client's identity, its rooms and how far it has
 * read in them, and the messages that wait or have no answer yet.
 */
export class Session {
  /** The client's slug. */
  id = "";
  /** The channel of all that belongs to no room. */
  lobby!: Channel;
  /** Told of rooms that the server has put this client into. */
  placed!: (room: AnyRoom) => void;

  #token: string | undefined;
  #direct = 0;
  #bytes = Infinity;
  #ended: ConnectionError | undefined;
  #lost = false; // a connection was lost, or could not be made
  #connection: Connection | undefined; // while welcome
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #options: SessionOptions;
  readonly #queue = new Queue();
  readonly #pace = new Pace();
  readonly #rooms = new Map<string, Room>();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** The first message on a connection. */
  hello(): string {
    if (this.#token === undefined) return encode("hello", {});
    const rooms = Object.fromEntries([...this.#rooms].flatMap(([name, { position }]) => (position ? [[name, position]] : [])));
    return encode("hello", { session: this.#token, rooms, direct: this.#direct });
  }

  /**
   * Goes on with a connection that is welcome. Returns the gaps to tell of because
   * the session is a new one, once the joins that return to the rooms are on their
   * way: what the application sends when it is told comes after them.
   */
  begin(welcome: Welcome, connection: Connection): [Channel, Gap][] {
    const renewed = this.id !== "" && !welcome.resumed;
    this.id = welcome.client;
    this.#token = welcome.session;
    this.#bytes = welcome.limits?.message_bytes ?? Infinity;
    this.#pace.limit(welcome.limits);
    this.#connection = connection;
    const gaps = renewed ? this.#renew() : [];
    this.#queue.resend();
    this.#flush();
    return gaps;
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
    for (const room of [...this.#rooms.values()]) this.out(room, "ended");
  }

  async join(name: string, params: JoinParams): Promise<Room> {
    let room = this.#rooms.get(name);
    while (room?.leaving) {
      await room.leaving.catch(() => {});
      room = this.#rooms.get(name);
    }
    // What is asked of an opening is asked once: on return the room is open.
    const { create, ...again } = params;
    if (room && create) throw new RoomError("room-exists", `this client is in ${name} already`);
    if (room) {
      room.params ??= again;
    } else {
      room = this.#add(name, again);
      room.joining = this.#enter(room, params);
    }
    return room.joining ?? room;
  }

  /** Sends a message as soon as it may go out, and resolves with the answer. */
  request(action: string, body: object, address: Address): Promise<Body> {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw this.#ended;
      if (!this.#connection && this.#lost && this.#options.offline === "reject") {
        throw new ConnectionError("offline", "not connected");
      }
      if (this.#queue.waiting >= this.#options.queue) {
        throw new ConnectionError("queue-full", `${this.#queue.waiting} messages wait to be sent`);
      }
      this.#queue.add({ text: encode(action, body, address), resolve, reject });
      this.#flush();
    });
  }

  /** Sends a message now or not at all. */
  post(action: string, body: object, address: Address): boolean {
    const text = encode(action, body, address);
    if (!this.#connection || this.#queue.ready() || this.#pace.take() > 0) return false;
    if (this.#tooLarge(text)) throw tooLarge();
    this.#connection.send(text);
    return true;
  }

  /** Takes what the server sent to where it belongs. */
  receive(envelope: Envelope): void {
    const { action, room: from, IsTargetClient, target } = envelope;
    const name = from ?? (IsTargetClient ? "" : target);
    let room = this.#rooms.get(name);
    if (!room && action === "joined-room" && name !== this.#options.lobby) room = this.#add(name, undefined);
    if (envelope.ref !== undefined) this.#answer(envelope.ref, envelope, room);
    else if (this.#advance(envelope, room)) (room ?? this.lobby).receive(envelope);
  }

  /** Takes a room away that this client is not in any more. */
  out(room: AnyRoom, reason: ClosedReason): void {
    if (this.#rooms.get(room.name) !== room) return;
    this.#rooms.delete(room.name);
    room.end(reason);
  }

  #add(name: string, params: JoinParams | undefined): Room {
    const room = new Room(this, name, params);
    this.#rooms.set(name, room);
    return room;
  }

  // Takes note of a position. False: it has been here before.
  #advance(envelope: Envelope, room: Room | undefined): boolean {
    if (room) return room.advance(envelope);
    const { action, n, message_body: body } = envelope;
    const gap = action === "gap" && envelope.room === undefined;
    const last = gap ? (body["to"] as number | undefined) : n;
    if (last === undefined) return true;
    if (last <= this.#direct) return gap;
    this.#direct = last;
    return true;
  }

  // What was sent again may be answered from the server's memory, under a position
  // that has passed, or before what was missed and is still on its way. So such an
  // answer counts whatever its position, and its position does not.
  #answer(id: number, envelope: Envelope, room: Room | undefined): void {
    const { action, re, message_body: body } = envelope;
    const again = this.#queue.wasResent(id);
    const message = this.#queue.answered(id);
    this.#flush(); // it has made a place
    if (!again) this.#advance(envelope, room);
    if (!message) return;
    if (action === "error") {
      // The server has the message, but its answer no more.
      message.reject(again && body["code"] === "stale-id" ? outcomeUnknown() : roomError(body));
      return;
    }
    message.resolve(body);
    if (re === "join-room") this.#connection?.rest();
  }

  async #enter(room: Room, params: JoinParams): Promise<Room> {
    try {
      await this.request("join-room", params, { target: room.name });
      room.joined = this.#rooms.get(room.name) === room; // it may have closed meanwhile
      return room;
    } catch (error) {
      this.out(room, "refused");
      throw error;
    } finally {
      room.joining = undefined;
    }
  }

  // A room that is still being joined is none yet: who joins it is told.
  #renew(): [Channel, Gap][] {
    this.#queue.lose();
    this.#direct = 0;
    const gaps: [Channel, Gap][] = [[this.lobby, {}]];
    const joins: Outgoing[] = [];
    for (const room of [...this.#rooms.values()]) {
      if (!room.joined || room.joining) continue;
      if (room.leaving || !room.params) {
        // What the server has put a client into is the server's to do again.
        this.out(room, room.leaving ? "left" : "lost");
        continue;
      }
      gaps.push([room, room.forget()]);
      joins.push(this.#return(room));
    }
    this.#queue.addFirst(joins);
    return gaps;
  }

  #return(room: Room): Outgoing {
    return {
      text: encode("join-room", room.params ?? {}, { target: room.name }),
      resolve: () => {},
      reject: (error) => {
        // Without an answer the next connection tries again.
        if (!(error instanceof RoomError) || error.code === "outcome-unknown") return;
        room.fail(error);
        this.out(room, "refused");
      },
    };
  }

  #flush(): void {
    clearTimeout(this.#timer);
    while (this.#connection && this.#queue.ready()) {
      const wait = this.#pace.take();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#flush(), wait);
        return;
      }
      const [id, text] = this.#queue.next();
      if (this.#tooLarge(text)) this.#queue.answered(id)?.reject(tooLarge());
      else this.#connection.send(text);
    }
  }

  #tooLarge(text: string): boolean {
    return text.length * 3 > this.#bytes && new TextEncoder().encode(text).length > this.#bytes;
  }
}

/** The server would close the connection, and the session with it. */
function tooLarge(): RoomError {
  return new RoomError("too-large", "more bytes than the server takes");
}
