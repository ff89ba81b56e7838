/** The content of a message: a JSON object. */
export type Body = Record<string, unknown>;
/**
 * The types of an application's messages in a room: a type or an interface with any of
 * these keys. Where a key is left out, any JSON object is allowed.
 *
 * - `send`: actions that clients send, with the bodies of their messages.
 * - `receive`: actions that clients receive, with the bodies of their messages.
 * - `call`: actions that the room answers, as functions from the body of the call to
 *   the body of the reply.
 * - `welcome`: what the room's own code adds to the body of `joined-room`.
 * - `info`: what the application shows about a member.
 */
export type RoomTypes<T> = {
    [K in keyof T]: K extends "send" | "receive" ? {
        [A in keyof T[K]]: object;
    } : K extends "call" ? {
        [A in keyof T[K]]: (body: never) => object;
    } : K extends "welcome" | "info" ? object : never;
};
/** No types: every body is an object with unknown values. */
export type Untyped = Record<never, never>;
type Part<T, K extends string, Default> = K extends keyof T ? T[K] : Default;
/** The bodies of sent messages, by action. */
export type Sends<T> = Part<T, "send", Record<string, Body>>;
/** The bodies of received messages, by action. */
export type Receives<T> = Part<T, "receive", Record<string, Body>>;
/** The calls and their replies, by action. */
export type Calls<T> = Part<T, "call", Record<string, (body: Body) => Body>>;
/** The body of a call. */
export type CallBody<F> = F extends (body: infer B) => unknown ? B : never;
/** The reply to a call. */
export type Reply<F> = F extends (body: never) => infer R ? R : never;
/** What the application shows about a member. */
export type Info<T> = Part<T, "info", Body>;
/** The names of actions. */
export type Action<A> = keyof A & string;
/** A received message. */
export interface Message<B = Body, A extends string = string> {
    action: A;
    body: B;
    /** The ID of the client that sent it, or the server's name. */
    sender: string;
    /** Whether it was sent to this client only. */
    direct: boolean;
    /** Its position in the room's output. Positions grow, but may skip numbers. */
    seq?: number;
    /** Unix time in milliseconds, if the room timestamps its messages. */
    time?: number;
}
/** Any message that a room with these types sends; its `action` determines the type of its body. */
export type AnyMessage<T> = {
    [A in Action<Receives<T>>]: Message<Receives<T>[A], A>;
}[Action<Receives<T>>];
/**
 * Messages that this client has lost: fetch the state that they were about again.
 * Without `from` and `to`, anything after the last message may be missing.
 */
export interface Gap {
    /** The epoch, one opening of the room, that `from` and `to` count in. */
    epoch?: number;
    /** The first lost position. */
    from?: number;
    /** The last lost position. */
    to?: number;
}
/** The parameters of a join. A room with its own code may define others. */
export interface JoinParams {
    /** True: the room must be new. False: it must already be open. Absent: either. */
    create?: boolean;
    /** Required if the client that opened the relay room has set one. */
    password?: string;
    /** The maximum number of members. Set by the client that opens a relay room. */
    capacity?: number;
    /** Whether to hide the room from lists. Set by the client that opens a relay room. */
    hidden?: boolean;
    /** Shown in the list of rooms. Set by the client that opens a relay room. */
    properties?: Body;
    [parameter: string]: unknown;
}
/** The presence of a member, as its room reports it. */
export interface Presence<I = Body> {
    /** `away`: its connection is broken, but its session can still be resumed. */
    state: "online" | "away";
    /** What the application shows about the member. */
    info?: I;
}
/** A member in a list. */
export interface Member<I = Body> extends Presence<I> {
    /** The member's client ID. */
    client: string;
}
/** A page of the list of members, in the order of joining. */
export interface MemberList<I = Body> {
    members: Member<I>[];
    /** The number of members on all pages. */
    count: number;
    /** The `after` of the next page, if there is one. */
    next?: number;
}
/** What a room sends to a client that joins: the body of `joined-room`. */
export type Welcome<T = Untyped> = Part<T, "welcome", Body> & {
    /** The epoch, one opening of the room, that positions count in. */
    epoch: number;
    /** The position of this message. */
    seq: number;
    /** The number of members, including this client. */
    count: number;
    /** The first members, at most 100. */
    members: Member<Info<T>>[];
    /** The `after` of the next page of the list of members, if there is one. */
    next?: number;
};
/** The messages that a room keeps. */
export interface History<T = Untyped> {
    /** The newest of the requested messages, oldest first. */
    messages: AnyMessage<T>[];
    /** The epoch, one opening of the room, that positions count in. */
    epoch: number;
    /** The `before` of the previous messages, if the room keeps more. */
    next?: number;
    /** Whether `messages` reach back to the first message that this client may read. */
    complete: boolean;
}
/**
 * Why this client is no longer in a room:
 *
 * - `left`: it left the room.
 * - `kicked`: the room removed it, or the application disconnected it.
 * - `closed`: the room closed.
 * - `refused`: the room refused its return in a new session.
 * - `lost`: the server had added it to the room, and that membership was lost.
 * - `ended`: the socket ended.
 */
export type ClosedReason = "left" | "kicked" | "closed" | "refused" | "lost" | "ended";
export {};
