import type { JoinParams, Room, Socket } from "./simplysocket.js";

/** What joins rooms. */
export type Joiner = Pick<Socket, "join">;

/** A component's part in a room that several may use. */
export interface Seat {
  room: Promise<Room>;
  release(): void;
}

interface Table {
  room: Promise<Room>;
  seats: number;
}

const tables = new WeakMap<Joiner, Map<string, Table>>();

/**
 * Joins a room, unless another component has. The last to go leaves it, unless
 * somebody comes at once: effects that run anew are no coming and going.
 */
export function take(socket: Joiner, name: string, params: JoinParams): Seat {
  let rooms = tables.get(socket);
  if (!rooms) tables.set(socket, (rooms = new Map<string, Table>()));
  let table = rooms.get(name);
  if (!table) {
    table = { room: socket.join(name, params), seats: 0 };
    rooms.set(name, table);
    // Who comes after a failure, or after the room's end, tries again.
    const clear = () => void remove(rooms, name, table);
    table.room.then((room) => room.onClosed(clear), clear);
  }
  const { room } = table;
  table.seats++;
  return { room, release: () => void release(rooms, name, table) };
}

/** Takes a table away, unless it is gone or another stands in its place. */
function remove(rooms: Map<string, Table>, name: string, table: Table | undefined): boolean {
  return rooms.get(name) === table && rooms.delete(name);
}

async function release(rooms: Map<string, Table>, name: string, table: Table): Promise<void> {
  table.seats--;
  try {
    const room = await table.room;
    if (table.seats === 0 && remove(rooms, name, table)) await room.leave();
  } catch {
    // Nobody is left whom it concerns.
  }
}
