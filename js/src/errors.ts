/** The codes of errors that the server sends by itself. */
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
 * The codes of a `RoomError`: those of the protocol; `outcome-unknown`, where the
 * message was sent and its answer is lost, so that it may have been handled or not;
 * the reason why this client is out of the room; and the application's own.
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

/** A message, a join or a call that the server refused, or that has no room any more. */
export class RoomError extends Error {
  override readonly name = "RoomError";

  /** For programs; `message` is for people. */
  readonly code: RoomErrorCode;

  constructor(code: RoomErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** `offline` and `queue-full` may pass, `closed` is final. */
export type ConnectionErrorCode = "offline" | "queue-full" | "closed";

/** The connection is lost or over. What is rejected with this error was never sent. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";

  readonly code: ConnectionErrorCode;

  /** The WebSocket's close code, where a connection has closed. */
  readonly closeCode: number | undefined;

  constructor(code: ConnectionErrorCode, message: string, closeCode?: number, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.closeCode = closeCode;
  }
}

/** Reads the body of an `error`. */
export function roomError(body: { code?: unknown; message?: unknown }): RoomError {
  return new RoomError(String(body.code), String(body.message));
}

/** The answer is lost, usually with its session. */
export function outcomeUnknown(): RoomError {
  return new RoomError("outcome-unknown", "the answer is lost: it may have been handled or not");
}
