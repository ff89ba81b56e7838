import type { JoinParams, Room, Socket } from "./simplysocket.js";

/** What joins rooms. */
export type Joiner = Pick<Socket, "join">;

/** A component's part in a room that several may use. */
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
 * Joins a room, unless another component has. The last to release it leaves it,
 * also while the join is under way, unless another acquires it in the same task:
 * effects that run again must not leave and join.
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
      controller.abort(); // a join that is under way
      entry.room.then((room) => room.leave()).catch(() => {}); // it has left already
    },
  };
  rooms.set(name, entry);
  // After a refusal, or the room's end, the next component tries again.
  entry.room.then((room) => room.onClosed(forget), forget);
  return entry;
}
