/** The content of a message: a JSON object. */
export type Body = Record<string, unknown>;

/**
 * What an application says in a room, as a type or an interface with any of these
 * keys. What is left out may be any JSON object.
 *
 * - `send`: actions that clients send, and the bodies of their messages.
 * - `receive`: actions that clients receive, and the bodies of their messages.
 * - `call`: actions that the room answers, as functions from the body of the call
 *   to that of the reply.
 * - `welcome`: what a room's own code puts into the body of `joined-room`.
 * - `info`: what the application shows of a member.
 */
export type RoomTypes<T> = {
  [K in keyof T]: K extends "send" | "receive"
    ? { [A in keyof T[K]]: object }
    : K extends "call"
      ? { [A in keyof T[K]]: (body: never) => object }
      : K extends "welcome" | "info"
        ? object
        : never;
};

/** No types: every body is an object of unknown values. */
export type Untyped = Record<never, never>;

type Part<T, K extends string, Default> = K extends keyof T ? T[K] : Default;

/** The bodies of what is sent, by action. */
export type Sends<T> = Part<T, "send", Record<string, Body>>;

/** The bodies of what is received, by action. */
export type Receives<T> = Part<T, "receive", Record<string, Body>>;

/** The calls and their replies, by action. */
export type Calls<T> = Part<T, "call", Record<string, (body: Body) => Body>>;

/** The body of a call. */
export type CallBody<F> = F extends (body: infer B) => unknown ? B : never;

/** The reply to a call. */
export type Reply<F> = F extends (body: never) => infer R ? R : never;

/** What the application shows of a member. */
export type Info<T> = Part<T, "info", Body>;

/** The names of actions. */
export type Action<A> = keyof A & string;

/** A message that was received. */
export interface Message<B = Body, A extends string = string> {
  action: A;
  body: B;
  /** The slug of the client it comes from, or the server's name. */
  sender: string;
  /** Whether it was sent to this client alone. */
  direct: boolean;
  /** Its position in the room's output; positions may have holes. */
  seq?: number;
  /** Unix milliseconds, where the room stamps its messages. */
  time?: number;
}

/** Any message that a room with these types sends: its `action` tells its body. */
export type AnyMessage<T> = { [A in Action<Receives<T>>]: Message<Receives<T>[A], A> }[Action<Receives<T>>];

/**
 * Messages that are lost to this client: fetch the state they were about again.
 * Without `from` and `to`, nothing since the last message can be relied on.
 */
export interface Gap {
  /** The opening of the room that `from` and `to` count in. */
  epoch?: number;
  /** The first position that is lost. */
  from?: number;
  /** The last position that is lost. */
  to?: number;
}

/** The parameters of a join. A room with code may ask for others. */
export interface JoinParams {
  /** True: the room must be new. False: it must be open. Absent: either. */
  create?: boolean;
  /** Required to join where the client that opened a relay room has set one. */
  password?: string;
  /** The largest number of members, set by the client that opens a relay room. */
  capacity?: number;
  /** Whether the room is in no list, set by the client that opens a relay room. */
  hidden?: boolean;
  /** Shown in the list, set by the client that opens a relay room. */
  properties?: Body;
  [parameter: string]: unknown;
}

/** What a room tells about a member. */
export interface Presence<I = Body> {
  /** Away: its connection is broken, and its session waits for it. */
  state: "online" | "away";
  /** What the application shows of it. */
  info?: I;
}

/** A member in a list. */
export interface Member<I = Body> extends Presence<I> {
  /** The member's slug. */
  client: string;
}

/** A page of the list of members, in the order of their joining. */
export interface MemberList<I = Body> {
  members: Member<I>[];
  /** The members on all pages. */
  count: number;
  /** The `after` of the next page, where there are more. */
  next?: number;
}

/** What a room says to a client that joins: the body of `joined-room`. */
export type Welcome<T = Untyped> = Part<T, "welcome", Body> & {
  /** The opening of the room that positions count in. */
  epoch: number;
  /** The position of this message. */
  seq: number;
  count: number;
  /** The first members, at most 100. */
  members: Member<Info<T>>[];
  next?: number;
};

/** What is kept of a room's messages. */
export interface History<T = Untyped> {
  /** The newest messages that were asked for, oldest first. */
  messages: AnyMessage<T>[];
  /** The opening of the room that positions count in. */
  epoch: number;
  /** The `before` of the messages that came earlier, where more are kept. */
  next?: number;
  /** Whether `messages` reach back to the first that this client may read. */
  complete: boolean;
}

/**
 * Why this client is out of a room: it `left`, was `kicked`, the room was `closed`
 * or, on return in a new session, `refused` to have it back, or the membership that
 * the server had given is `lost`, or the socket has `ended`.
 */
export type ClosedReason = "left" | "kicked" | "closed" | "refused" | "lost" | "ended";
