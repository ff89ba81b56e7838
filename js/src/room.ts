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

/** The codes of temporary refusals. */
const retryableCodes = new Set<string>(["busy", "rate-limited"]);

/** Returns whether to retry a request that the client made on its own and that may run twice. */
export function isRetryable(error: unknown): boolean {
  return error instanceof RoomError && (retryableCodes.has(error.code) || error.code === "outcome-unknown");
}

/**
 * How many messages a room buffers during a join. If there are more, the buffered ones
 * become a gap.
 */
const maxBuffered = 1_000;

/** A position in the output of a room. */
export type Position = [epoch: number, seq: number];

/** The state of a room that a page saves for the next page in its tab. */
export interface SavedRoom {
  name: string;
  position: Position;
  welcome: Body;
  /** Whether the server added the client to the room. */
  addedByServer: boolean;
}

/**
 * A room that this client is in. It stays the same object while the connection breaks
 * and returns. The object ends when the client is no longer in the room, for the reason
 * in `closed`. Its methods then reject with a `RoomError` whose code is the reason (or
 * with a `ConnectionError` if the socket has ended), and its listeners are not called
 * again. If the client joins a room of this name again, it gets a new object.
 */
export class Room<T extends RoomTypes<T> = Untyped> extends Channel<T> {
  /**
   * @internal The parameters for rejoining; undefined if the client did not join the
   * room itself.
   */
  params: JoinParams | undefined;
  /** @internal Whether the server added the client to the room. */
  addedByServer: boolean;
  /** @internal Whether it was restored from an earlier page and has not been joined on this one. */
  restored = false;
  /** @internal Whether the room has admitted this client. */
  joined = false;
  /** @internal The join in progress. */
  joining: Promise<void> | undefined;
  /** @internal How many callers wait for the join. */
  joinWaiters = 0;
  /** @internal The request that rejoins the room in a new session. */
  rejoinRequest: PendingRequest | undefined;

  #epoch: number | undefined;
  #seq = 0;
  #buffer: Envelope[] | undefined; // messages since the join, until listeners have been added
  #positionBeforeBuffer: Position | undefined;
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
   * The IDs of the members, including this client, in the order of joining: the first
   * 100, and those that have joined since. Rooms with more than about 200 members do
   * not announce who joins and leaves, so only `count` is right there. Each change,
   * including a change of presence, creates a new array.
   */
  get members(): readonly string[] {
    return this.#roster.members;
  }

  /** Returns the presence of one of the `members`. */
  presence(client: string): Presence<Info<T>> | undefined {
    return this.#roster.presence(client) as Presence<Info<T>> | undefined;
  }

  /** The number of members, including this client. */
  get count(): number {
    return this.#roster.count;
  }

  /** The body of the latest `joined-room`, from the join or from a rejoin. */
  get welcome(): Welcome<T> {
    return this.#welcome as Welcome<T>;
  }

  /** Why this client is no longer in the room; undefined while it is. */
  get closed(): ClosedReason | undefined {
    return this.#closed;
  }

  /** Sends a message to one member, by its client ID. Otherwise like `send`. */
  async sendTo<K extends Action<Sends<T>>>(client: string, action: K, body: Sends<T>[K], options?: WaitOptions): Promise<void> {
    await this.request(action, body as object, options, { target: client, IsTargetClient: true, room: this.name });
  }

  /** Lists up to 100 members: the first ones, or those after the `next` of the previous page. */
  async listMembers({ after, ...options }: WaitOptions & { after?: number } = {}): Promise<MemberList<Info<T>>> {
    const page = await this.request("list-members", after === undefined ? {} : { after }, options);
    return parseMemberList(page) as MemberList<Info<T>>;
  }

  /**
   * Fetches the newest messages that the room keeps, or the newest before a position:
   * at most `limit`, 100 by default. A room with its own code may refuse with
   * `forbidden`.
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
   * Leaves the room. The object ends at once. The promise resolves when the server has
   * processed the leave, which may be after a reconnect. It rejects only if this client
   * is no longer in the room for another reason.
   */
  leave(): Promise<void> {
    this.#leaving ??= this.#closed ? Promise.reject(closedError(this.name, this.#closed)) : this.#leave();
    return this.#leaving;
  }

  /** Registers a listener for other clients that join. */
  onJoin(listener: (client: string, message: Message) => void): () => void {
    return this.listen(this.#joinListeners, listener);
  }

  /** Registers a listener for other clients that leave. */
  onLeave(listener: (client: string, message: Message) => void): () => void {
    return this.listen(this.#leaveListeners, listener);
  }

  /** Registers a listener for members that go away, come back or change their info. */
  onPresence(listener: (client: string, presence: Presence<Info<T>>) => void): () => void {
    return this.listen(this.#presenceListeners, listener as (client: string, presence: Presence) => void);
  }

  /** Registers a listener for changes of `members`, `count` and `presence`. */
  onMembers(listener: () => void): () => void {
    return this.listen(this.#memberListeners, listener);
  }

  /**
   * Registers a listener for rejoins: the messages of the room or the session were
   * lost, and the client is back in the room. The listener gets the new `welcome`. A
   * gap is reported first.
   */
  onRejoined(listener: (welcome: Welcome<T>) => void): () => void {
    return this.listen(this.#rejoinListeners, listener as (welcome: Welcome) => void);
  }

  /** Registers a listener for the end: this client is no longer in the room. */
  onClosed(listener: (reason: ClosedReason) => void): () => void {
    return this.listen(this.#closeListeners, listener);
  }

  /** @internal The last position received, from which the server can resume. */
  get position(): Position | undefined {
    return this.#epoch === undefined ? undefined : [this.#epoch, this.#seq];
  }

  /** @internal Records the position of an envelope. Returns false if it was received before. */
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

  /**
   * @internal Resets the position and empties the buffer, because everything in the
   * epoch is lost.
   */
  resetPosition(): Gap {
    const epoch = this.#epoch;
    this.#epoch = undefined;
    this.#seq = 0;
    this.joined &&= !this.#buffer;
    if (this.#buffer) this.#buffer = [];
    return epoch === undefined ? {} : { epoch };
  }

  /** @internal Buffers messages until `stopBuffering`, so that listeners can be added first. */
  startBuffering(): void {
    this.#positionBeforeBuffer = this.position;
    this.#buffer = [];
  }

  /** @internal Delivers the buffered messages. */
  stopBuffering(): void {
    const buffered = this.#buffer ?? [];
    this.#buffer = undefined;
    for (const envelope of buffered) this.receive(envelope);
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

  /** @internal Handles `joined-room`. */
  handleJoined(body: Body): void {
    const isRejoin = this.joined && !this.#buffer;
    this.joined = true;
    this.#welcome = body;
    this.#roster.replace(body);
    this.#memberListeners.emit();
    if (isRejoin) this.#rejoinListeners.emit(body as Welcome);
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
    // A room with its own code may use these actions differently, without a client.
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
    this.#joinListeners.clear();
    this.#leaveListeners.clear();
    this.#presenceListeners.clear();
    this.#memberListeners.clear();
    this.#rejoinListeners.clear();
  }

  /** @internal Ends the object. */
  end(reason: ClosedReason, error: Error = closedError(this.name, reason)): void {
    this.#closed = reason;
    this.finish(error);
    this.#closeListeners.emit(reason);
    this.#closeListeners.clear();
  }

  /** @internal Marks the room as joined although no `joined-room` was received. */
  markJoined(): void {
    this.joined = true;
    this.restored = false;
  }

  /** @internal Checks with the server that this client is in the room, and lists its members. */
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

  /** @internal Lists the members again, because joins and leaves may have been lost. */
  async refreshMembers(): Promise<void> {
    if (this.#refreshing) {
      // The list in progress may be from before this gap.
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
    const isQueued = (this.#refreshing as string) === "queued";
    this.#refreshing = undefined;
    if (this.#closed) return;
    if (failed) scheduleRetry(() => void this.refreshMembers());
    else if (isQueued) void this.refreshMembers();
  }

  // Everything after a gap is newer than the gap. A gap without a position ends the
  // epoch. `joined-room` then names the next one. If it is lost with the connection,
  // the server repeats both to a client that still reports the old epoch.
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

/** Returns the error of a room object that has ended. */
export function closedError(name: string, reason: ClosedReason): Error {
  return reason === "ended" ? new ConnectionError("closed", "the socket has ended") : new RoomError(reason, `no longer in ${name}: ${reason}`);
}
