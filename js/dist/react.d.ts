/**
 * Hooks for React.
 *
 * @module
 */
import { type ReactNode } from "react";
import { type ClosedReason, type ConnectionError, type JoinParams, type Message, type Options, type Room, type RoomError, type RoomTypes, type Socket, type State, type Untyped } from "./simplysocket.js";
import type { Receives } from "./types.js";
/** What `useSocket` returns. */
export interface UseSocketResult<T extends RoomTypes<T> = Untyped> {
    /** The socket; undefined before the first effect. */
    socket: Socket<T> | undefined;
    state: State;
    /** Why it is `offline` or `ended`. */
    error: ConnectionError | undefined;
}
/** What `SocketProvider` takes. */
export interface SocketProviderProps {
    url: string;
    /** As those of `useSocket`. */
    options?: Options;
    children?: ReactNode;
}
/** Connects while it is mounted, and gives the socket to the `useSocket()` of all components in it. */
export declare function SocketProvider({ url, options, children }: SocketProviderProps): ReactNode;
/**
 * Without a `url`: returns the socket of the `SocketProvider` around the component.
 * With one: connects while the component is mounted, with a socket of its own. Only
 * another `url` makes another socket; of the options, `token` is always the latest.
 */
export declare function useSocket<T extends RoomTypes<T> = Untyped>(url?: string, options?: Options): UseSocketResult<T>;
/** Functions for the messages of a room, by action. */
export type Handlers<T> = {
    [K in keyof Receives<T>]?: (body: Receives<T>[K], message: Message<Receives<T>[K], K & string>) => void;
};
/** The options of `useRoom`. */
export interface RoomOptions<T = Untyped> {
    /** Whether to be in the room. Default true. */
    enabled?: boolean;
    /** The parameters of the join. Others make another attempt where these were refused. */
    params?: JoinParams;
    /**
     * What to do with messages. Joining settles which actions there are; the functions
     * are those of the latest rendering. No message after the join is missed, unlike
     * with an effect that calls `room.on`.
     */
    on?: Handlers<T>;
}
/**
 * The status of a component in its room: `joining` it, also while offline; `joined`;
 * `refused`; or `left`, because the room removed the client or closed, or because
 * the hook is not enabled.
 */
export type RoomStatus = "joining" | "joined" | "refused" | "left";
/** What `useRoom` returns. */
export interface UseRoomResult<T extends RoomTypes<T> = Untyped> {
    status: RoomStatus;
    /** The room, while the status is `joined`. */
    room: Room<T> | undefined;
    /** As `members` of the room: another array after each change, also of a presence. */
    members: readonly string[];
    count: number;
    /** Why the status is `refused`. */
    error: RoomError | ConnectionError | undefined;
    /** Why the status is `left`, where the hook is enabled. */
    reason: ClosedReason | undefined;
}
/**
 * Is in a room while the component is mounted. Components that use the same room of
 * a socket share it; the last one to unmount leaves it, offline too.
 */
export declare function useRoom<T extends RoomTypes<T> = Untyped>(socket: Pick<Socket, "join"> | undefined, name: string, { enabled, params, on }?: RoomOptions<T>): UseRoomResult<T>;
