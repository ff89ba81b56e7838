/** The codes of errors that the server itself sends. */
export type ProtocolErrorCode =
  | "bad-message"
  | "too-large"
  | "unknown-action"
  | "unknown-room"
  | "room-exists"
  | "unknown-client"
  | "not-a-member"
  | "room-full"
  | "forbidden"
  | "bad-name"
  | "limit-exceeded"
  | "rate-limited"
  | "busy"
  | "stale-id"
  | "internal";

/**
 * The codes of a `RoomError`:
 *
 * - the codes of the protocol
 * - `outcome-unknown`: the message was sent but its answer was lost, so the server may
 *   or may not have handled it
 * - the reason why this client is no longer in the room
 * - the application's own codes
 */
export type RoomErrorCode =
  | ProtocolErrorCode
  | "outcome-unknown"
  | "left"
  | "kicked"
  | "closed"
  | "refused"
  | "lost"
  | (string & {});

/** The server refused a message, a join or a call, or this client is no longer in the room. */
export class RoomError extends Error {
  override readonly name = "RoomError";

  /** For programs; `message` is for people. */
  readonly code: RoomErrorCode;

  constructor(code: RoomErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** `offline` and `queue-full` are temporary; `closed` is final. */
export type ConnectionErrorCode = "offline" | "queue-full" | "closed";

/**
 * The connection is lost, or the socket has ended. A message rejected with this error
 * was never sent.
 */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";

  readonly code: ConnectionErrorCode;

  /** The WebSocket's close code, if a connection was closed. */
  readonly closeCode: number | undefined;

  constructor(code: ConnectionErrorCode, message: string, closeCode?: number, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.closeCode = closeCode;
  }
}

/** Parses the body of an `error`. */
export function roomError(body: { code?: unknown; message?: unknown }): RoomError {
  return new RoomError(String(body.code), String(body.message));
}

/** The error for a lost answer. Usually the answer was lost with its session. */
export function outcomeUnknown(): RoomError {
  return new RoomError("outcome-unknown", "the answer was lost: the server may or may not have handled the message");
}
