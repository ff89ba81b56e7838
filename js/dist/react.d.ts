/**
 * Hooks for React.
 *
 * @module
 */
import { type ReactNode } from "react";
import { type ClosedReason, type ConnectionError, type JoinParams, type Message, type Options, type Room, type RoomError, type RoomTypes, type Socket, type State, type Untyped } from "./simplysocket.js";
import type { Receives } from "./types.js";
/** The result of `useSocket`. */
export interface UseSocketResult<T extends RoomTypes<T> = Untyped> {
    /** The socket; undefined before the first effect. */
    socket: Socket<T> | undefined;
    state: State;
    /** Why the state is `offline` or `ended`. */
    error: ConnectionError | undefined;
}
/** The props of `SocketProvider`. */
export interface SocketProviderProps {
    url: string;
    /** The same options as for `useSocket`. */
    options?: Options;
    children?: ReactNode;
}
/** Connects while it is mounted, and provides the socket to every `useSocket()` inside it. */
export declare function SocketProvider({ url, options, children }: SocketProviderProps): ReactNode;
/**
 * Without a `url`, returns the socket of the nearest `SocketProvider`. With a `url`,
 * connects a socket of its own while the component is mounted. Only a different `url`
 * creates a new socket; later changes of the options are ignored, except that the
 * latest `token` is always used.
 */
export declare function useSocket<T extends RoomTypes<T> = Untyped>(url?: string, options?: Options): UseSocketResult<T>;
/** Listeners for the messages of a room, by action. */
export type Handlers<T> = {
    [K in keyof Receives<T>]?: (body: Receives<T>[K], message: Message<Receives<T>[K], K & string>) => void;
};
/** The options of `useRoom`. */
export interface RoomOptions<T = Untyped> {
    /** Whether to be in the room. Default: true. */
    enabled?: boolean;
    /** The parameters of the join. If they change after a refusal, the hook tries again. */
    params?: JoinParams;
    /**
     * Listeners for messages, by action. The set of actions is fixed when the room is
     * joined; the listeners are always those of the latest render. Unlike listeners that
     * an effect adds with `room.on`, they miss no message after the join.
     */
    on?: Handlers<T>;
}
/**
 * The status of a component in its room: `joining`, even while offline; `joined`;
 * `refused`; or `left`, because the room removed the client or closed, or because the
 * hook is not enabled.
 */
export type RoomStatus = "joining" | "joined" | "refused" | "left";
/** The result of `useRoom`. */
export interface UseRoomResult<T extends RoomTypes<T> = Untyped> {
    status: RoomStatus;
    /** The room while the status is `joined`. */
    room: Room<T> | undefined;
    /** Like `members` of the room: a new array after each change, including a change of presence. */
    members: readonly string[];
    count: number;
    /** Why the status is `refused`. */
    error: RoomError | ConnectionError | undefined;
    /** Why the status is `left`, if the hook is enabled. */
    reason: ClosedReason | undefined;
}
/**
 * Keeps the client in a room while the component is mounted. Components that use the
 * same room of a socket share it. The last one to unmount leaves it, even while
 * offline.
 */
export declare function useRoom<T extends RoomTypes<T> = Untyped>(socket: Pick<Socket, "join"> | undefined, name: string, { enabled, params, on }?: RoomOptions<T>): UseRoomResult<T>;
