// What the types of the package allow and refuse; running tsc is the test.

import {
  type AnyMessage,
  type Body,
  type History,
  type MemberList,
  type Message,
  type Presence,
  type Room,
  RoomError,
  type RoomErrorCode,
  type Socket,
  connect,
} from "simplysocket";
import { type RoomStatus, SocketProvider, useRoom, useSocket } from "simplysocket/react";

interface Game {
  send: { move: { x: number; y: number }; say: { text: string } };
  receive: { state: { board: string[] }; say: { text: string } };
  call: { score(body: { of: string }): { points: number } };
  welcome: { you: number };
  info: { name: string };
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Equal<A, B>): void {}

const socket = connect("ws://server/ws");
same<typeof socket, Socket>(true);
export const room = await socket.join<Game>("game/1", { create: true, capacity: 2, level: 3 });
same<typeof room, Room<Game>>(true);

// Received messages.
room.on("state", (body, message) => {
  same<typeof body, { board: string[] }>(true);
  same<typeof message, Message<{ board: string[] }, "state">>(true);
  // @ts-expect-error no such key
  body.z;
});
// @ts-expect-error clients send this action, and receive it never
room.on("move", () => {});
const said = await room.once("say", { timeout: 1000 });
same<typeof said, Message<{ text: string }, "say">>(true);
// @ts-expect-error clients send this action, and receive it never
await room.once("move");

// Sent messages.
await room.send("move", { x: 1, y: 2 });
// @ts-expect-error only the server sends this action
await room.send("state", { board: [] });
// @ts-expect-error a key is missing
await room.send("move", { x: 1 });
// @ts-expect-error the body of another action
await room.send("say", { x: 1, y: 2 });
// @ts-expect-error a body is an object
await room.send("say", "hi");
same<ReturnType<typeof room.post>, boolean>(true);
room.post("move", { x: 1, y: 2 });
// @ts-expect-error only the server sends this action
room.post("state", { board: [] });
// @ts-expect-error no such action
room.post("jump", {});
await room.sendTo("anna", "say", { text: "hi" });
// @ts-expect-error the body of another action
await room.sendTo("anna", "say", { x: 1, y: 2 });

// Calls.
const score = await room.call("score", { of: "anna" });
same<typeof score, { points: number }>(true);
// @ts-expect-error no such call
await room.call("say", { text: "hi" });
// @ts-expect-error the wrong request
await room.call("score", {});

// The state of the room.
same<typeof room.welcome.you, number>(true);
same<typeof room.welcome.epoch, number>(true);
room.onRejoined((welcome) => same<typeof welcome.you, number>(true));
// @ts-expect-error no such key
room.welcome.message;
same<ReturnType<typeof room.presence>, Presence<{ name: string }> | undefined>(true);
const list = await room.listMembers({ after: 100 });
same<typeof list, MemberList<{ name: string }>>(true);
const history = await room.history({ limit: 50 });
same<typeof history, History<Game>>(true);
same<typeof history.messages, AnyMessage<Game>[]>(true);
for (const message of history.messages) {
  if (message.action === "say") same<typeof message.body, { text: string }>(true);
  else same<typeof message.body, { board: string[] }>(true);
}

// Every wait can be canceled.
const { signal } = new AbortController();
const wait = { signal, timeout: 5_000 };
await socket.join("chat", {}, wait);
await socket.setInfo({ name: "Anna" }, wait);
await socket.listRooms({ after: "chat", ...wait });
await room.send("move", { x: 1, y: 2 }, wait);
await room.call("score", { of: "anna" }, wait);
await room.once("say", wait);
await room.listMembers(wait);
await room.history({ before: 7, ...wait });
// @ts-expect-error milliseconds
await room.send("move", { x: 1, y: 2 }, { timeout: "1s" });

// The known error codes are listed, others are allowed.
const code: RoomErrorCode = new RoomError("room-full", "full").code;
// @ts-expect-error "room-fool" is not among the protocol's codes
const known: Extract<RoomErrorCode, "room-full"> = "room-fool";
export const codes = [code, known, "not-your-turn" satisfies RoomErrorCode];

// Without types, every body is an object with unknown values.
const any = await socket.join("chat");
same<typeof any, Room>(true);
await any.send("anything", { at: "all" });
const reply = await any.call("count", {});
same<typeof reply, Body>(true);
any.on("line", (body) => same<typeof body, Body>(true));
same<(typeof any.welcome)["message"], unknown>(true);

// A part that is left out is untyped.
const half = await socket.join<{ send: { move: { x: number } } }>("half");
await half.send("move", { x: 1 });
half.on("anything", (body) => same<typeof body, Body>(true));

// @ts-expect-error a capacity is a number
await socket.join("chat", { capacity: "2" });
// @ts-expect-error a body is an object
await socket.join<{ send: { move: number } }>("chat");
// @ts-expect-error a call is a function
await socket.join<{ call: { score: { points: number } } }>("chat");
// @ts-expect-error no such part
await socket.join<{ sends: { move: object } }>("chat");

// The socket is the lobby, with types of its own.
const lobby = connect<{ receive: { news: { text: string } }; send: Record<never, never> }>("ws://server/ws", {
  offline: "reject",
  queue: 10,
  session: "tab",
  token: async () => null,
});
lobby.on("news", ({ text }) => same<typeof text, string>(true));
// @ts-expect-error no such action
await lobby.send("say", { text: "hi" });
// @ts-expect-error neither "queue" nor "reject"
connect("ws://server/ws", { offline: "wait" });
// @ts-expect-error neither "page" nor "tab"
connect("ws://server/ws", { session: "window" });

// Internal members are not part of the types.
// @ts-expect-error
room.receive;
// @ts-expect-error
room.finish;
// @ts-expect-error
room.joining;
// @ts-expect-error
socket.request;

export function Player() {
  const shared = useSocket();
  const own = useSocket<{ receive: { news: { text: string } } }>("ws://server/ws");
  own.socket?.on("news", ({ text }) => same<typeof text, string>(true));
  const used = useRoom<Game>(shared.socket, "game/1", {
    enabled: true,
    on: { state: (body, message) => (same<typeof body, { board: string[] }>(true), same<typeof message.action, "state">(true)) },
  });
  same<typeof used.room, Room<Game> | undefined>(true);
  same<typeof used.status, RoomStatus>(true);
  // @ts-expect-error clients send this action, and receive it never
  useRoom<Game>(lobby, "game/1", { on: { move: () => {} } });
  return used.error instanceof RoomError ? used.error.code : "";
}

SocketProvider({ url: "ws://server/ws", options: { offline: "reject" }, children: "text" });
// @ts-expect-error a provider needs a URL
SocketProvider({});
