/**
 * The SimplySocket client: real-time rooms over WebSocket, for browsers and Node.js.
 *
 * @module
 */

export { connect, type Options, type RoomInfo, type RoomList, type Socket, type State } from "./socket.js";
export type { Room } from "./room.js";
export type { Channel } from "./channel.js";
export type {
  AnyMessage,
  Body,
  ClosedReason,
  Gap,
  History,
  JoinParams,
  Member,
  MemberList,
  Message,
  Presence,
  RoomTypes,
  Untyped,
  Welcome,
} from "./types.js";
export {
  ConnectionError,
  type ConnectionErrorCode,
  type ProtocolErrorCode,
  RoomError,
  type RoomErrorCode,
} from "./errors.js";
export type { WaitOptions } from "./wait.js";
export type { WebSocketConstructor, WebSocketLike } from "./connection.js";
