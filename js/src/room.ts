import { type Actions, type AnyActions, type AnyCalls, type Calls, Channel, type Gap, type Message, message } from "./channel.js";
import type { Body, Envelope } from "./envelope.js";
import type { RoomError } from "./errors.js";
import { Listeners } from "./listeners.js";
import type { Session } from "./session.js";

/** The parameters of a join. A room with code may ask for others. */
export interface JoinParams {
  /** True: the room must be new. False: it must be open. Absent: either. */
  create?: boolean;
  /** Given when joining; whoever opens a relay room sets it. */
  password?: string;
  /** The largest number of members, set by whoever opens a relay room. */
  capacity?: number;
  /** Whether the room is in no list, set by whoever opens a relay room. */
  hidden?: boolean;
  /** Shown in the list, set by whoever opens a relay room. */
  properties?: Body;
  [parameter: string]: unknown;
}

/** What a room tells of a member beside its slug. */
export interface Presence {
  /** Away: its connection is broken, and its session waits for it. */
  state: "online" | "away";
  /** What the application shows of it. */
  info?: Body;
}

type MemberItem = { client: string } & Presence;

/**
 * Why this client is out of a room: it `left`, was `kicked`, the room was `closed`
 * or, on return in a new session, `refused` to have it back, or the session of the
 * client that the server had put there is `lost`, or the socket has `ended`.
 */
export type ClosedReason = "left" | "kicked" | "closed" | "refused" | "lost" | "ended";

// Answers to a leave that say that this client is out of the room.
const out = new Set(["not-a-member", "unknown-room", "outcome-unknown", "closed"]);

/**
 * A room that this client is in. It stays the same object while the connection
 * breaks and returns.
 */
export class Room<A extends Actions<A> = AnyActions, C extends Calls<C> = AnyCalls> extends Channel<A, C> {
  /** @internal The parameters to return with; undefined: the server put us here. */
  params: JoinParams | undefined;
  /** @internal */
  joined = false;
  /** @internal */
  joining: Promise<Room> | undefined;
  /** @internal */
  leaving: Promise<void> | undefined;

  #epoch: number | undefined;
  #seq = 0;
  #welcome: Body = {};
  #members: readonly string[] = [];
  #presence = new Map<string, Presence>();
  #count = 0;
  #relisting = false;
  readonly #joins = new Listeners<[string, Message]>();
  readonly #leaves = new Listeners<[string, Message]>();
  readonly #presences = new Listeners<[string, Presence]>();
  readonly #changes = new Listeners<[]>();
  readonly #ends = new Listeners<[ClosedReason]>();

  /** @internal */
  constructor(session: Session, name: string, params: JoinParams | undefined) {
    super(session, name);
    this.params = params;
  }

  /** The room's name. */
  get name(): string {
    return this.target;
  }

  /**
   * The slugs of the members, this client's included, in the order of their
   * joining: the first 100 and those that came since. Rooms with more than some
   * 200 members announce nobody, so that only `count` is right there.
   */
  get members(): readonly string[] {
    return this.#members;
  }

  /** What is known of one of the `members`. */
  presence(client: string): Presence | undefined {
    return this.#presence.get(client);
  }

  /** The number of members, this client included. */
  get count(): number {
    return this.#count;
  }

  /** What the room said on joining: the body of `joined-room`. */
  get welcome(): Body {
    return this.#welcome;
  }

  /** Sends a message to one member alone, by its slug; as `send`. */
  async sendTo<K extends keyof A & string>(client: string, action: K, body: A[K]): Promise<void> {
    await this.session.request(action, body, { target: client, IsTargetClient: true, room: this.name });
  }

  /** Leaves the room. */
  leave(): Promise<void> {
    this.leaving ??= this.#leave();
    return this.leaving;
  }

  /** Listens to others who join. */
  onJoin(listener: (client: string, message: Message) => void): () => void {
    return this.#joins.add(listener);
  }

  /** Listens to others who leave. */
  onLeave(listener: (client: string, message: Message) => void): () => void {
    return this.#leaves.add(listener);
  }

  /** Listens to members who go away, come back or show something else of themselves. */
  onPresence(listener: (client: string, presence: Presence) => void): () => void {
    return this.#presences.add(listener);
  }

  /** Listens to changes of `members`, `count` and `presence`. */
  onMembers(listener: () => void): () => void {
    return this.#changes.add(listener);
  }

  /** Listens to the end: this client is out of the room, and the object of no more use. */
  onClosed(listener: (reason: ClosedReason) => void): () => void {
    return this.#ends.add(listener);
  }

  /** @internal The last position processed, for the server to resume from. */
  get position(): [epoch: number, seq: number] | undefined {
    return this.#epoch === undefined ? undefined : [this.#epoch, this.#seq];
  }

  /** @internal Takes note of a position. False: it has been here before. */
  advance({ action, message_body: body, seq }: Envelope): boolean {
    if (action === "gap") {
      this.#pass(body as Gap);
      return true;
    }
    if (action === "joined-room" && body["epoch"] !== this.#epoch) {
      this.#epoch = body["epoch"] as number;
      this.#seq = 0;
    }
    if (seq === undefined) return true;
    if (seq <= this.#seq) return false;
    this.#seq = seq;
    return true;
  }

  /** @internal Forgets the position, which was the session's: all of its epoch is lost. */
  forget(): Gap {
    const epoch = this.#epoch;
    this.#epoch = undefined;
    this.#seq = 0;
    return epoch === undefined ? {} : { epoch };
  }

  /** @internal */
  override receive(envelope: Envelope): void {
    const { action, message_body: body } = envelope;
    const client = body["client"] as string;
    switch (action) {
      case "joined-room":
        this.#enter(body);
        return;
      case "left-room":
        this.session.out(this, body["reason"] as ClosedReason);
        return;
      case "room-closed":
        this.session.out(this, "closed");
        return;
      case "room-count":
        this.#change(this.#members, body["count"] as number);
        return;
      case "gap":
        super.receive(envelope);
        void this.#relist();
        return;
    }
    if (action === "client-presence" && Array.isArray(body["clients"])) {
      this.#present(body["clients"] as MemberItem[]);
      return;
    }
    // A room with code may use these two actions in its own way, without a client.
    const announced = typeof client === "string";
    if (announced && action === "client-joined-room") {
      // A list that was asked for may be newer than this.
      if (!this.#members.includes(client)) {
        this.#presence.set(client, presenceOf({ state: "online", info: body["info"] as Body }));
        this.#change([...this.#members, client], this.#count + 1);
      }
      this.#joins.call(client, message(envelope));
    } else if (announced && action === "client-left-room") {
      this.#presence.delete(client);
      this.#change(this.#members.filter((member) => member !== client), this.#count - 1);
      this.#leaves.call(client, message(envelope));
    } else {
      super.receive(envelope);
    }
  }

  /** @internal */
  end(reason: ClosedReason): void {
    this.joined = false;
    this.#ends.call(reason);
  }

  #enter(body: Body): void {
    const placed = !this.joined && !this.params;
    this.joined = true;
    this.#welcome = body;
    this.#list(body);
    if (placed) this.session.placed(this);
  }

  async #leave(): Promise<void> {
    try {
      await this.request("leave-room", {});
    } catch (error) {
      if (!out.has((error as RoomError).code)) {
        this.leaving = undefined;
        throw error;
      }
    }
    this.session.out(this, "left");
  }

  // What comes after a gap is newer than all of it, whatever the epoch.
  #pass({ epoch, to }: Gap): void {
    if (to === undefined || epoch !== this.#epoch) this.#seq = 0;
    this.#epoch = epoch ?? this.#epoch;
    this.#seq = Math.max(this.#seq, to ?? 0);
  }

  #list(body: Body): void {
    const members = (body["members"] ?? []) as MemberItem[];
    this.#presence = new Map(members.map((item) => [item.client, presenceOf(item)]));
    this.#change(
      members.map(({ client }) => client),
      body["count"] as number,
    );
  }

  #present(news: MemberItem[]): void {
    const known = news.filter(({ client }) => this.#members.includes(client));
    for (const item of known) this.#presence.set(item.client, presenceOf(item));
    this.#changes.call();
    for (const item of known) this.#presences.call(item.client, presenceOf(item));
  }

  // Comings and goings may be among what was lost. A list that is under way is
  // newer than every gap that arrives before it.
  async #relist(): Promise<void> {
    if (this.#relisting) return;
    this.#relisting = true;
    try {
      this.#list(await this.request("list-members", {}));
    } catch {
      // Out of the room, or about to join it anew, which puts the list right.
    }
    this.#relisting = false;
  }

  #change(members: readonly string[], count: number): void {
    this.#members = members;
    this.#count = count;
    this.#changes.call();
  }
}

function presenceOf({ state, info }: Pick<MemberItem, "state"> & { info?: Body | undefined }): Presence {
  return info ? { state: state ?? "online", info } : { state: state ?? "online" };
}
