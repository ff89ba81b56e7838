import type { JoinParams, Room, Socket } from "./simplysocket.js";

/** A socket, as far as it joins rooms. */
export type Joiner = Pick<Socket, "join">;

/** A component's claim on a room that several components may share. */
export interface Lease {
  room: Promise<Room>;
  release(): void;
}

interface SharedRoom {
  room: Promise<Room>;
  users: number;
  leave: () => void;
}

const shared = new WeakMap<Joiner, Map<string, SharedRoom>>();

/**
 * Joins a room, unless another component has joined it. The last component to release
 * the room leaves it, even while the join is in progress. The client stays in the room
 * if another component acquires it in the same task, because effects that run again
 * must not leave and rejoin.
 */
export function acquire(joiner: Joiner, name: string, params: JoinParams): Lease {
  let rooms = shared.get(joiner);
  if (!rooms) shared.set(joiner, (rooms = new Map<string, SharedRoom>()));
  const entry = rooms.get(name) ?? join(joiner, rooms, name, params);
  entry.users++;
  return {
    room: entry.room,
    release: () => {
      entry.users--;
      queueMicrotask(() => {
        if (entry.users === 0) entry.leave();
      });
    },
  };
}

function join(joiner: Joiner, rooms: Map<string, SharedRoom>, name: string, params: JoinParams): SharedRoom {
  const controller = new AbortController();
  const forget = () => {
    if (rooms.get(name) === entry) rooms.delete(name);
  };
  const entry: SharedRoom = {
    room: joiner.join(name, params, { signal: controller.signal }),
    users: 0,
    leave: () => {
      forget();
      controller.abort(); // cancels a join in progress
      entry.room.then((room) => room.leave()).catch(() => {}); // already left
    },
  };
  rooms.set(name, entry);
  // After a refusal, or after the room has ended, the next component tries again.
  entry.room.then((room) => room.onClosed(forget), forget);
  return entry;
}
