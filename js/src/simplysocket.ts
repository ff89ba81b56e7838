/**
 * The client of SimplySocket: real-time rooms over WebSocket, for browsers and
 * Node.js.
 *
 * @module
 */

export { connect, type Options, type RoomInfo, type RoomList, type Socket, type State } from "./socket.js";
export { type ClosedReason, type JoinParams, type Presence, type Room } from "./room.js";
export { type Actions, type AnyActions, type AnyCalls, type Calls, type Channel, type Gap, type Message } from "./channel.js";
export { ConnectionError, type ConnectionErrorCode, RoomError } from "./errors.js";
export type { Body } from "./envelope.js";
export type { WebSocketConstructor, WebSocketLike } from "./connection.js";
