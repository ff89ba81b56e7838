/**
 * A message, a join or a call that was not handled. All codes but
 * `outcome-unknown` and `too-large` come from the server.
 */
export class RoomError extends Error {
  override readonly name = "RoomError";

  /**
   * For programs: a code of the protocol, such as `room-full` or `forbidden`, one
   * of the application's own, or `outcome-unknown`: the message was sent and its
   * answer is lost, so it may have been handled or not.
   */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Why something was not sent: `offline` and `queue-full` may pass, `closed` is
 * for good.
 */
export type ConnectionErrorCode = "offline" | "queue-full" | "closed";

/** The connection is lost or over; what is rejected with it was never sent. */
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

/** The answer is gone, mostly with its session. */
export function outcomeUnknown(): RoomError {
  return new RoomError("outcome-unknown", "the answer is lost: it may have been handled or not");
}
