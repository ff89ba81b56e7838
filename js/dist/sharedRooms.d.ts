import type { JoinParams, Room, Socket } from "./simplysocket.js";
/** What joins rooms. */
export type Joiner = Pick<Socket, "join">;
/** A component's part in a room that several may use. */
export interface Lease {
    room: Promise<Room>;
    release(): void;
}
/**
 * Joins a room, unless another component has. The last to release it leaves it,
 * also while the join is under way, unless another acquires it in the same task:
 * effects that run again must not leave and join.
 */
export declare function acquire(joiner: Joiner, name: string, params: JoinParams): Lease;
