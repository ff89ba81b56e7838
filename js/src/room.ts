import { Channel } from "./channel.js";
import { type Envelope, parseEnvelope, parseGap, toMessage, asNumber } from "./envelope.js";
import { ConnectionError, RoomError } from "./errors.js";
import { Listeners } from "./listeners.js";
import type { PendingRequest } from "./queue.js";
import { Roster, parseMemberList } from "./roster.js";
import type { Sender } from "./sender.js";
import { scheduleRetry } from "./timer.js";
import type {
  Action,
  AnyMessage,
  Body,
  ClosedReason,
  Gap,
  History,
  Info,
  JoinParams,
  MemberList,
  Message,
  Presence,
  RoomTypes,
  Sends,
  Untyped,
  Welcome,
} from "./types.js";
import type { WaitOptions } from "./wait.js";

/** Codes of refusals that pass. */
const retryableCodes = new Set<string>(["busy", "rate-limited"]);

/** Whether a request of the client's own, which may run twice, is worth another attempt. */
export function isRetryable(error: unknown): boolean {
  return error instanceof RoomError && (retryableCodes.has(error.code) || error.code === "outcome-unknown");
}

/** How many messages a room holds back while it is being joined; more become a gap. */
const maxBuffered = 1_000;

/** A place in the output of a room. */
export type Position = [epoch: number, seq: number];

/** What a page keeps of a room for the page that is loaded next in its tab. */
export interface SavedRoom {
  name: string;
  position: Position;
  welcome: Body;
  /** Whether the server put the client there. */
  addedByServer: boolean;
}

/**
 * A room that this client is in. It stays the same object while the connection
 * breaks and returns. Once the client is out of the room, for the `closed` reason,
 * the object is of no more use, also if the client joins a room of this name
 * again: its methods reject with a `RoomError` whose code is the reason (or, with
 * the socket, a `ConnectionError`) and its listeners are called no more.
 */
export class Room<T extends RoomTypes<T> = Untyped> extends Channel<T> {
  /** @internal The parameters to return with; undefined: it did not join by itself. */
  params: JoinParams | undefined;
  /** @internal Whether the server put the client there. */
  addedByServer: boolean;
  /** @internal Whether it was restored from an earlier page and not joined in this one. */
  restored = false;
  /** @internal Whether the room has let this client in. */
  joined = false;
  /** @internal The join under way. */
  joining: Promise<void> | undefined;
  /** @internal How many wait for the join. */
  joinWaiters = 0;
  /** @internal The request that returns to the room in a new session. */
  rejoinRequest: PendingRequest | undefined;

  #epoch: number | undefined;
  #seq = 0;
  #buffer: Envelope[] | undefined; // what came since joining, for listeners that are still to be added
  #positionBeforeBuffer: Position | undefined; // before what is held
  #welcome: Body = {};
  #closed: ClosedReason | undefined;
  #leaving: Promise<void> | undefined;
  #refreshing: "running" | "queued" | undefined;
  readonly #leave: () => Promise<void>;
  readonly #roster = new Roster();
  readonly #joinListeners = new Listeners<[string, Message]>();
  readonly #leaveListeners = new Listeners<[string, Message]>();
  readonly #presenceListeners = new Listeners<[string, Presence]>();
  readonly #memberListeners = new Listeners<[]>();
  readonly #rejoinListeners = new Listeners<[Welcome]>();
  readonly #closeListeners = new Listeners<[ClosedReason]>();

  /** @internal */
  constructor(sender: Sender, name: string, params: JoinParams | undefined, leave: () => Promise<void>) {
    super(sender, name);
    this.params = params;
    this.addedByServer = params === undefined;
    this.#leave = leave;
  }

  /** The room's name. */
  get name(): string {
    return this.target;
  }

  /**
   * The slugs of the members, this client's included, in the order of their
   * joining: the first 100 and those that came since. Rooms with more than some
   * 200 members announce nobody, so that only `count` is right there. Each change,
   * also of a presence, makes another array.
   */
  get members(): readonly string[] {
    return this.#roster.members;
  }

  /** What is known about one of the `members`. */
  presence(client: string): Presence<Info<T>> | undefined {
    return this.#roster.presence(client) as Presence<Info<T>> | undefined;
  }

  /** The number of members, this client included. */
  get count(): number {
    return this.#roster.count;
  }

  /** What the room said on joining, or on joining again: the body of `joined-room`. */
  get welcome(): Welcome<T> {
    return this.#welcome as Welcome<T>;
  }

  /** Why this client is out of the room; undefined while it is in. */
  get closed(): ClosedReason | undefined {
    return this.#closed;
  }

  /** Sends a message to one member alone, by its slug; as `send`. */
  async sendTo<K extends Action<Sends<T>>>(client: string, action: K, body: Sends<T>[K], options?: WaitOptions): Promise<void> {
    await this.request(action, body as object, options, { target: client, IsTargetClient: true, room: this.name });
  }

  /** Lists members, at most 100: the first, or those after the `next` of the page before. */
  async listMembers({ after, ...options }: WaitOptions & { after?: number } = {}): Promise<MemberList<Info<T>>> {
    const page = await this.request("list-members", after === undefined ? {} : { after }, options);
    return parseMemberList(page) as MemberList<Info<T>>;
  }

  /**
   * Fetches the newest messages that the room keeps, at most `limit` (default 100),
   * or those before a position. Rooms with code may refuse with `forbidden`.
   */
  async history({ before, limit = 100, ...options }: WaitOptions & { before?: number; limit?: number } = {}): Promise<History<T>> {
    let messages: Message[] = [];
    let page: Body;
    let older: Message[];
    do {
      page = await this.request("history", before === undefined ? {} : { before }, options);
      older = parseMessages(page["messages"]);
      messages = [...older, ...messages];
      before = asNumber(page["next"]);
    } while (before !== undefined && older.length > 0 && messages.length < limit);
    const newest = messages.slice(Math.max(0, messages.length - limit));
    const next = newest.length < messages.length ? newest[0]?.seq : before;
    return {
      messages: newest as AnyMessage<T>[],
      epoch: asNumber(page["epoch"]) ?? 0,
      ...(next !== undefined && { next }),
      complete: next === undefined && page["complete"] === true,
    };
  }

  /**
   * Leaves the room. The object ends at once; the promise resolves when the server
   * knows, which may be after the connection has returned. It never rejects, except
   * where this client is out of the room for another reason.
   */
  leave(): Promise<void> {
    this.#leaving ??= this.#closed ? Promise.reject(closedError(this.name, this.#closed)) : this.#leave();
    return this.#leaving;
  }

  /** Listens to others who join. */
  onJoin(listener: (client: string, message: Message) => void): () => void {
    return this.listen(this.#joinListeners, listener);
  }

  /** Listens to others who leave. */
  onLeave(listener: (client: string, message: Message) => void): () => void {
    return this.listen(this.#leaveListeners, listener);
  }

  /** Listens to members who go away, come back or show something else of themselves. */
  onPresence(listener: (client: string, presence: Presence<Info<T>>) => void): () => void {
    return this.listen(this.#presenceListeners, listener as (client: string, presence: Presence) => void);
  }

  /** Listens to changes of `members`, `count` and `presence`. */
  onMembers(listener: () => void): () => void {
    return this.listen(this.#memberListeners, listener);
  }

  /**
   * Listens to returns to the room after its messages or the session were lost,
   * each with the new `welcome`. A gap precedes it.
   */
  onRejoined(listener: (welcome: Welcome<T>) => void): () => void {
    return this.listen(this.#rejoinListeners, listener as (welcome: Welcome) => void);
  }

  /** Listens to the end: this client is out of the room. */
  onClosed(listener: (reason: ClosedReason) => void): () => void {
    return this.listen(this.#closeListeners, listener);
  }

  /** @internal The last position received, for the server to resume from. */
  get position(): Position | undefined {
    return this.#epoch === undefined ? undefined : [this.#epoch, this.#seq];
  }

  /** @internal Takes note of a position. False: it was received before. */
  advance({ action, message_body: body, seq }: Envelope): boolean {
    if (action === "gap") {
      this.#skipTo(parseGap(body));
      return true;
    }
    if (action === "joined-room") {
      const epoch = asNumber(body["epoch"]);
      if (epoch === undefined) return false;
      if (epoch !== this.#epoch) this.#seq = 0;
      this.#epoch = epoch;
      seq ??= asNumber(body["seq"]);
    }
    if (seq === undefined) return true;
    if (seq <= this.#seq) return false;
    this.#seq = seq;
    return true;
  }

  /** @internal Forgets the position and what was held: all of the epoch is lost. */
  resetPosition(): Gap {
    const epoch = this.#epoch;
    this.#epoch = undefined;
    this.#seq = 0;
    this.joined &&= !this.#buffer;
    if (this.#buffer) this.#buffer = [];
    return epoch === undefined ? {} : { epoch };
  }

  /** @internal Holds messages back until `release`, for listeners that are still to be added. */
  startBuffering(): void {
    this.#positionBeforeBuffer = this.position;
    this.#buffer = [];
  }

  /** @internal Delivers what was held back. */
  stopBuffering(): void {
    const held = this.#buffer ?? [];
    this.#buffer = undefined;
    for (const envelope of held) this.receive(envelope);
  }

  /** @internal */
  save(): SavedRoom | undefined {
    const position = this.#buffer ? this.#positionBeforeBuffer : this.position;
    const { members, ...welcome } = this.#welcome;
    return position && { name: this.name, position, welcome, addedByServer: this.addedByServer };
  }

  /** @internal */
  restore({ position: [epoch, seq], welcome, addedByServer }: SavedRoom): void {
    this.addedByServer = addedByServer;
    this.#epoch = epoch;
    this.#seq = seq;
    this.#welcome = welcome;
    this.restored = true;
    this.startBuffering();
  }

  /** @internal Takes `joined-room`. */
  handleJoined(body: Body): void {
    const again = this.joined && !this.#buffer;
    this.joined = true;
    this.#welcome = body;
    this.#roster.replace(body);
    this.#memberListeners.emit();
    if (again) this.#rejoinListeners.emit(body as Welcome);
  }

  /** @internal */
  override receive(envelope: Envelope): void {
    if (this.#closed) return;
    if (this.#buffer) {
      if (this.#buffer.length >= maxBuffered) this.#buffer = [{ ...envelope, action: "gap", message_body: {} }];
      this.#buffer.push(envelope);
      return;
    }
    const { action, message_body: body } = envelope;
    const { client } = body;
    // A room with code may use the announcements in its own way, without a client.
    if (action === "client-joined-room" && typeof client === "string") {
      this.#roster.add(client, body["info"]);
      this.#rosterChanged();
      this.#joinListeners.emit(client, toMessage(envelope));
    } else if (action === "client-left-room" && typeof client === "string") {
      this.#roster.remove(client);
      this.#rosterChanged();
      this.#leaveListeners.emit(client, toMessage(envelope));
    } else if (action === "client-presence" && Array.isArray(body["clients"])) {
      const known = this.#roster.update(body["clients"]);
      this.#memberListeners.emit();
      for (const { client, ...presence } of known) this.#presenceListeners.emit(client, presence);
    } else if (action === "room-count") {
      this.#roster.setCount(body["count"]);
      this.#memberListeners.emit();
    } else {
      super.receive(envelope);
      if (action === "gap") void this.refreshMembers();
    }
  }

  /** @internal */
  override finish(error: Error): void {
    super.finish(error);
    for (const listeners of [this.#joinListeners, this.#leaveListeners, this.#presenceListeners, this.#memberListeners, this.#rejoinListeners]) listeners.clear();
  }

  /** @internal Ends the object. */
  end(reason: ClosedReason, error: Error = closedError(this.name, reason)): void {
    this.#closed = reason;
    this.finish(error);
    this.#closeListeners.emit(reason);
    this.#closeListeners.clear();
  }

  /** @internal Takes over a room that this client is in without having read `joined-room`. */
  markJoined(): void {
    this.joined = true;
    this.restored = false;
  }

  /** @internal Makes sure that this client is in the room, and lists its members. */
  async confirmMembership(): Promise<void> {
    for (;;) {
      try {
        this.#roster.replace(await this.request("list-members", {}, { skipLimits: true }));
        this.markJoined();
        return;
      } catch (error) {
        if (!(error instanceof RoomError && retryableCodes.has(error.code))) throw error;
        await new Promise<void>((resolve) => scheduleRetry(resolve));
      }
    }
  }

  /** @internal Lists the members again: some may have come or left among what was lost. */
  async refreshMembers(): Promise<void> {
    if (this.#refreshing) {
      // The list under way may be an answer from before this gap.
      this.#refreshing = "queued";
      return;
    }
    this.#refreshing = "running";
    let failed = false;
    try {
      const list = await this.request("list-members", {}, { skipLimits: true });
      this.#roster.replace(list);
      this.#memberListeners.emit();
    } catch (error) {
      failed = isRetryable(error);
    }
    const outcome = this.#refreshing;
    this.#refreshing = undefined;
    if (this.#closed) return;
    if (failed) scheduleRetry(() => void this.refreshMembers());
    else if (outcome === ("queued" as typeof outcome)) void this.refreshMembers();
  }

  // What comes after a gap is newer than all of it. Without a position the epoch is
  // over. `joined-room` tells the next one; should it be lost with the connection,
  // the server repeats both to a client that still tells the old epoch.
  #skipTo({ epoch = this.#epoch, to }: Gap): void {
    if (to === undefined || epoch !== this.#epoch) this.#seq = 0;
    this.#epoch = epoch;
    this.#seq = Math.max(this.#seq, to ?? 0);
  }

  #rosterChanged(): void {
    this.#memberListeners.emit();
    if (this.#roster.stale) void this.refreshMembers();
  }
}

function parseMessages(value: unknown): Message[] {
  const envelopes = Array.isArray(value) ? value.map(parseEnvelope) : [];
  return envelopes.filter((envelope) => envelope !== undefined).map(toMessage);
}

/** Says why a room can be used no more. */
export function closedError(name: string, reason: ClosedReason): Error {
  return reason === "ended" ? new ConnectionError("closed", "the socket has ended") : new RoomError(reason, `out of ${name}: ${reason}`);
}
