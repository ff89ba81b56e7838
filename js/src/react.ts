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

const SocketContext = createContext<UseSocketResult<any> | undefined>(undefined);

/** Connects while it is mounted, and gives the socket to the `useSocket()` of all components in it. */
export function SocketProvider({ url, options, children }: SocketProviderProps): ReactNode {
  return createElement(SocketContext.Provider, { value: useConnection(url, options) }, children);
}

/**
 * Without a `url`: returns the socket of the `SocketProvider` around the component.
 * With one: connects while the component is mounted, with a socket of its own. Only
 * another `url` makes another socket; of the options, `token` is always the latest.
 */
export function useSocket<T extends RoomTypes<T> = Untyped>(url?: string, options?: Options): UseSocketResult<T> {
  const provided = useContext(SocketContext);
  const own = useConnection<T>(url, options);
  if (url !== undefined) return own;
  if (!provided) throw new Error("useSocket() without a URL needs a <SocketProvider> around the component");
  return provided;
}

function useConnection<T extends RoomTypes<T> = Untyped>(url: string | undefined, options: Options | undefined): UseSocketResult<T> {
  const [used, setUsed] = useState<UseSocketResult<T>>(notConnected);
  const latest = useLatest(options);
  useEffect(() => {
    if (url === undefined) return;
    const { token, ...rest } = latest.current ?? {};
    const socket = connect<T>(url, token ? { ...rest, token: () => latest.current?.token?.() } : rest);
    const show = (state: State, error?: ConnectionError) => setUsed({ socket, state, error });
    const end = socket.onState(show);
    show(socket.state);
    return () => {
      end();
      setUsed(notConnected);
      socket.close();
    };
  }, [url]);
  return used;
}

const notConnected = { socket: undefined, state: "connecting", error: undefined } as const;

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

/** What became of one attempt to join. */
interface Attempt {
  key: object;
  status: RoomStatus;
  room?: Room;
  error?: RoomError | ConnectionError;
  reason?: ClosedReason;
}

/**
 * Is in a room while the component is mounted. Components that use the same room of
 * a socket share it; the last one to unmount leaves it, offline too.
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
    const show = (news: Omit<Attempt, "key">) => setAttempt({ key, ...news });
    let unsubscribes: (() => void)[] | undefined;
    let error: RoomError | undefined;
    const onJoined = (room: Room) => {
      if (unsubscribes) return;
      unsubscribes = Object.keys(handlers.current).map((action) =>
        room.on(action, (body, message) => handlers.current[action]?.(body, message)),
      );
      unsubscribes.push(room.onError((last) => (error = last)));
      unsubscribes.push(
        room.onClosed((reason) => show(reason === "refused" && error ? { status: "refused", error } : { status: "left", reason })),
      );
      show({ status: "joined", room });
    };
    joining.then(onJoined, (error) => unsubscribes ?? show({ status: "refused", error }));
    return () => {
      for (const unsubscribe of unsubscribes ?? []) unsubscribe();
      unsubscribes = [];
      setAttempt(undefined);
      release();
    };
  }, [key]);
  const idle: RoomStatus = enabled ? "joining" : "left";
  const { status, room, error, reason }: Partial<Attempt> = attempt?.key === key ? attempt : {};
  const subscribe = useCallback((changed: () => void) => room?.onMembers(changed) ?? noop, [room]);
  const members = useSyncExternalStore(subscribe, () => room?.members ?? noMembers, () => noMembers);
  const count = useSyncExternalStore(subscribe, () => room?.count ?? 0, () => 0);
  return { status: status ?? idle, room: room as Room<any> | undefined, members, count, error, reason };
}

const noMembers: readonly string[] = [];
const noop = () => {};

/** The value of the latest rendering, for effects that do not depend on it. */
function useLatest<V>(value: V): { readonly current: V } {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  return latest;
}
