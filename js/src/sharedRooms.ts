import type { JoinParams, Room, Socket } from "./simplysocket.js";

/** What joins rooms. */
export type Joiner = Pick<Socket, "join">;

/** A component's part in a room that several may use. */
export interface Lease {
  room: Promise<Room>;
  release(): void;
}

interface Shared {
  room: Promise<Room>;
  users: number;
  leave: () => void;
}

const shared = new WeakMap<Joiner, Map<string, Shared>>();

/**
 * Joins a room, unless another component has. The last to release it leaves it,
 * also while the join is under way, unless another acquires it in the same task:
 * effects that run again must not leave and join.
 */
export function acquire(joiner: Joiner, name: string, params: JoinParams): Lease {
  let rooms = shared.get(joiner);
  if (!rooms) shared.set(joiner, (rooms = new Map<string, Shared>()));
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

function join(joiner: Joiner, rooms: Map<string, Shared>, name: string, params: JoinParams): Shared {
  const given = new AbortController();
  const forget = () => {
    if (rooms.get(name) === entry) rooms.delete(name);
  };
  const entry: Shared = {
    room: joiner.join(name, params, { signal: given.signal }),
    users: 0,
    leave: () => {
      forget();
      given.abort(); // a join that is under way
      entry.room.then((room) => room.leave()).catch(() => {}); // it has left already
    },
  };
  rooms.set(name, entry);
  // After a refusal, or the room's end, the next component tries again.
  entry.room.then((room) => room.onClosed(forget), forget);
  return entry;
}
