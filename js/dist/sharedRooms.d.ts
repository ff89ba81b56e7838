import type { JoinParams, Room, Socket } from "./simplysocket.js";
/** A socket, as far as it joins rooms. */
export type Joiner = Pick<Socket, "join">;
/** A component's claim on a room that several components may share. */
export interface Lease {
    room: Promise<Room>;
    release(): void;
}
/**
 * Joins a room, unless another component has joined it. The last component to release
 * the room leaves it, even while the join is in progress. The client stays in the room
 * if another component acquires it in the same task, because effects that run again
 * must not leave and rejoin.
 */
export declare function acquire(joiner: Joiner, name: string, params: JoinParams): Lease;
