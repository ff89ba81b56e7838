/**
 * Hooks for React.
 *
 * @module
 */

import {
  type ReactNode,
  createContext,
  createElement,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { acquire } from "./sharedRooms.js";
import {
  type Body,
  type ClosedReason,
  type ConnectionError,
  type JoinParams,
  type Message,
  type Options,
  type Room,
  type RoomError,
  type RoomTypes,
  type Socket,
  type State,
  type Untyped,
  connect,
} from "./simplysocket.js";
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

const SocketContext = createContext<UseSocketResult<any> | undefined>(undefined);

/** Connects while it is mounted, and provides the socket to every `useSocket()` inside it. */
export function SocketProvider({ url, options, children }: SocketProviderProps): ReactNode {
  return createElement(SocketContext.Provider, { value: useConnection(url, options) }, children);
}

/**
 * Without a `url`, returns the socket of the nearest `SocketProvider`. With a `url`,
 * connects a socket of its own while the component is mounted. Only a different `url`
 * creates a new socket; later changes of the options are ignored, except that the
 * latest `token` is always used.
 */
export function useSocket<T extends RoomTypes<T> = Untyped>(url?: string, options?: Options): UseSocketResult<T> {
  const provided = useContext(SocketContext);
  const own = useConnection<T>(url, options);
  if (url !== undefined) return own;
  if (!provided) throw new Error("useSocket() without a URL must be called inside a <SocketProvider>");
  return provided;
}

function useConnection<T extends RoomTypes<T> = Untyped>(url: string | undefined, options: Options | undefined): UseSocketResult<T> {
  const [result, setResult] = useState<UseSocketResult<T>>(notConnected);
  const latest = useLatest(options);
  useEffect(() => {
    if (url === undefined) return;
    const { token, ...rest } = latest.current ?? {};
    const socket = connect<T>(url, token ? { ...rest, token: () => latest.current?.token?.() } : rest);
    const update = (state: State, error?: ConnectionError) => setResult({ socket, state, error });
    const unsubscribe = socket.onState(update);
    update(socket.state);
    return () => {
      unsubscribe();
      setResult(notConnected);
      socket.close();
    };
  }, [url]);
  return result;
}

const notConnected = { socket: undefined, state: "connecting", error: undefined } as const;

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

/** The outcome of one attempt to join. */
interface Attempt {
  key: object;
  status: RoomStatus;
  room?: Room;
  error?: RoomError | ConnectionError;
  reason?: ClosedReason;
}

/**
 * Keeps the client in a room while the component is mounted. Components that use the
 * same room of a socket share it. The last one to unmount leaves it, even while
 * offline.
 */
export function useRoom<T extends RoomTypes<T> = Untyped>(
  socket: Pick<Socket, "join"> | undefined,
  name: string,
  { enabled = true, params = {}, on = {} as Handlers<T> }: RoomOptions<T> = {},
): UseRoomResult<T> {
  const [attempt, setAttempt] = useState<Attempt>();
  const handlers = useLatest<Record<string, ((body: Body, message: Message) => void) | undefined>>(on as Record<string, never>);
  const paramsKey = JSON.stringify(params);
  const key = useMemo(() => ({}), [socket, name, paramsKey, enabled]);
  useEffect(() => {
    if (!socket || !enabled) return;
    const { room: joining, release } = acquire(socket, name, JSON.parse(paramsKey) as JoinParams);
    const update = (outcome: Omit<Attempt, "key">) => setAttempt({ key, ...outcome });
    let unsubscribes: (() => void)[] | undefined;
    let error: RoomError | undefined;
    const onJoined = (room: Room) => {
      if (unsubscribes) return;
      unsubscribes = Object.keys(handlers.current).map((action) =>
        room.on(action, (body, message) => handlers.current[action]?.(body, message)),
      );
      unsubscribes.push(room.onError((latest) => (error = latest)));
      unsubscribes.push(
        room.onClosed((reason) => update(reason === "refused" && error ? { status: "refused", error } : { status: "left", reason })),
      );
      update({ status: "joined", room });
    };
    joining.then(onJoined, (error) => unsubscribes ?? update({ status: "refused", error }));
    return () => {
      for (const unsubscribe of unsubscribes ?? []) unsubscribe();
      unsubscribes = [];
      setAttempt(undefined);
      release();
    };
  }, [key]);
  const initial: RoomStatus = enabled ? "joining" : "left";
  const { status, room, error, reason }: Partial<Attempt> = attempt?.key === key ? attempt : {};
  const subscribe = useCallback((onChange: () => void) => room?.onMembers(onChange) ?? noop, [room]);
  const members = useSyncExternalStore(subscribe, () => room?.members ?? noMembers, () => noMembers);
  const count = useSyncExternalStore(subscribe, () => room?.count ?? 0, () => 0);
  return { status: status ?? initial, room: room as Room<any> | undefined, members, count, error, reason };
}

const noMembers: readonly string[] = [];
const noop = () => {};

/** Returns a ref to the value of the latest render, for effects that do not depend on it. */
function useLatest<V>(value: V): { readonly current: V } {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  return latest;
}
