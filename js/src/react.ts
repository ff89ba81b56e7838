/**
 * Hooks for React.
 *
 * @module
 */

import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import {
  type Actions,
  type AnyActions,
  type AnyCalls,
  type Calls,
  type ConnectionError,
  type JoinParams,
  type Message,
  type Options,
  type Room,
  type RoomError,
  type Socket,
  type State,
  connect,
} from "./simplysocket.js";
import { take } from "./seats.js";

/** What `useSocket` returns. */
export interface UsedSocket<A extends Actions<A> = AnyActions, C extends Calls<C> = AnyCalls> {
  /** The socket; undefined before the first effect. */
  socket: Socket<A, C> | undefined;
  state: State;
}

/**
 * Connects while the component is mounted. Only another `url` makes another
 * socket; the options are those of the time of connecting.
 */
export function useSocket<A extends Actions<A> = AnyActions, C extends Calls<C> = AnyCalls>(
  url: string,
  options?: Options,
): UsedSocket<A, C> {
  const [socket, setSocket] = useState<Socket<A, C>>();
  const latest = useLatest(options);
  useEffect(() => {
    const opened = connect<A, C>(url, latest.current);
    setSocket(opened);
    return () => {
      setSocket(undefined);
      opened.close();
    };
  }, [url]);
  const state = useSyncExternalStore<State>(
    (changed) => socket?.onState(changed) ?? nothing,
    () => socket?.state ?? "connecting",
    () => "connecting",
  );
  return { socket, state };
}

/** Functions for the messages of a room, by action. */
export type Handlers<A> = {
  [K in keyof A]?: (body: A[K], message: Message<A[K]>) => void;
};

/** The options of `useRoom`. */
export interface RoomOptions<A> {
  /** The parameters of the join. Others are another try where these were refused. */
  params?: JoinParams;
  /**
   * What to do with messages. Which actions there are is settled on joining; the
   * functions are those of the latest rendering. No message after the join is
   * missed, as it may be by an effect that calls `room.on`.
   */
  on?: Handlers<A>;
}

/** What `useRoom` returns. */
export interface UsedRoom<A extends Actions<A> = AnyActions, C extends Calls<C> = AnyCalls> {
  /** The room, while this client is in it. */
  room: Room<A, C> | undefined;
  members: readonly string[];
  count: number;
  /** Why the room could not be joined, or not joined again. */
  error: RoomError | ConnectionError | undefined;
}

/**
 * Is in a room while the component is mounted. Components that use the same room of
 * a socket share it; the last one leaves it.
 */
export function useRoom<A extends Actions<A> = AnyActions, C extends Calls<C> = AnyCalls>(
  socket: Pick<Socket, "join"> | undefined,
  name: string,
  { params = {}, on = {} }: RoomOptions<A> = {},
): UsedRoom<A, C> {
  const [room, setRoom] = useState<Room<A, C>>();
  const [error, setError] = useState<RoomError | ConnectionError>();
  const handlers = useLatest(on);
  const asked = JSON.stringify(params);
  useEffect(() => {
    if (!socket) return;
    const seat = take(socket, name, JSON.parse(asked) as JoinParams);
    let ends: (() => void)[] | undefined;
    const enter = (shared: Room) => {
      if (ends) return;
      const joined = shared as unknown as Room<A, C>;
      const actions = Object.keys(handlers.current) as (keyof A & string)[];
      ends = actions.map((action) =>
        joined.on(action, (body, message) => handlers.current[action]?.(body, message)),
      );
      ends.push(joined.onError(setError));
      ends.push(joined.onClosed(() => setRoom(undefined)));
      setRoom(joined);
    };
    seat.room.then(enter, setError);
    return () => {
      for (const end of ends ?? []) end();
      ends = [];
      setRoom(undefined);
      setError(undefined);
      seat.release();
    };
  }, [socket, name, asked]);
  const subscribe = useCallback((changed: () => void) => room?.onMembers(changed) ?? nothing, [room]);
  const members = useSyncExternalStore(subscribe, () => room?.members ?? nobody, () => nobody);
  const count = useSyncExternalStore(subscribe, () => room?.count ?? 0, () => 0);
  return { room, members, count, error };
}

const nobody: readonly string[] = [];
const nothing = () => {};

/** The value of the latest rendering, for effects that do not depend on it. */
function useLatest<T>(value: T): { readonly current: T } {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  return latest;
}
