/** The codes of errors that the server itself sends. */
export type ProtocolErrorCode = "bad-message" | "too-large" | "unknown-action" | "unknown-room" | "room-exists" | "unknown-client" | "not-a-member" | "room-full" | "forbidden" | "bad-name" | "limit-exceeded" | "rate-limited" | "busy" | "stale-id" | "internal";
/**
 * The codes of a `RoomError`:
 *
 * - the codes of the protocol
 * - `outcome-unknown`: the message was sent but its answer was lost, so the server may
 *   or may not have handled it
 * - the reason why this client is no longer in the room
 * - the application's own codes
 */
export type RoomErrorCode = ProtocolErrorCode | "outcome-unknown" | "left" | "kicked" | "closed" | "refused" | "lost" | (string & {});
/** The server refused a message, a join or a call, or this client is no longer in the room. */
export declare class RoomError extends Error {
    readonly name = "RoomError";
    /** For programs; `message` is for people. */
    readonly code: RoomErrorCode;
    constructor(code: RoomErrorCode, message: string);
}
/** `offline` and `queue-full` are temporary; `closed` is final. */
export type ConnectionErrorCode = "offline" | "queue-full" | "closed";
/**
 * The connection is lost, or the socket has ended. A message rejected with this error
 * was never sent.
 */
export declare class ConnectionError extends Error {
    readonly name = "ConnectionError";
    readonly code: ConnectionErrorCode;
    /** The WebSocket's close code, if a connection was closed. */
    readonly closeCode: number | undefined;
    constructor(code: ConnectionErrorCode, message: string, closeCode?: number, options?: ErrorOptions);
}
/** Parses the body of an `error`. */
export declare function roomError(body: {
    code?: unknown;
    message?: unknown;
}): RoomError;
/** The error for a lost answer. Usually the answer was lost with its session. */
export declare function outcomeUnknown(): RoomError;
