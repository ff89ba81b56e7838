// What the types of the package allow and what they refuse; tsc is the test.

import { type Message, type Room, RoomError, connect } from "simplysocket";
import { useRoom } from "simplysocket/react";

interface GameActions {
  move: { x: number; y: number };
  say: { text: string };
}

interface GameCalls {
  score(body: { of: string }): { points: number };
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Equal<A, B>): void {}

const socket = connect("ws://server/ws");
export const room = await socket.join<GameActions, GameCalls>("game/1", { create: true, capacity: 2, level: 3 });
same<typeof room, Room<GameActions, GameCalls>>(true);

room.on("move", (body, message) => {
  same<typeof body, { x: number; y: number }>(true);
  same<typeof message, Message<{ x: number; y: number }>>(true);
  // @ts-expect-error no such key
  body.z;
});
// @ts-expect-error no such action
room.on("jump", () => {});

await room.send("move", { x: 1, y: 2 });
// @ts-expect-error a key is missing
await room.send("move", { x: 1 });
// @ts-expect-error the body of another action
await room.send("say", { x: 1, y: 2 });
// @ts-expect-error a body is an object
await room.send("say", "hi");
// @ts-expect-error no such action
room.post("jump", {});
await room.sendTo("anna", "say", { text: "hi" });
// @ts-expect-error the body of another action
await room.sendTo("anna", "say", { x: 1, y: 2 });

const score = await room.call("score", { of: "anna" });
same<typeof score, { points: number }>(true);
// @ts-expect-error no such call
await room.call("say", { text: "hi" });
// @ts-expect-error the wrong request
await room.call("score", {});

// Without types everything is an object of unknown values.
const any = await socket.join("chat");
await any.send("anything", { at: "all" });
const reply = await any.call("count", {});
same<typeof reply, Record<string, unknown>>(true);
any.on("line", (body) => same<typeof body, Record<string, unknown>>(true));

// @ts-expect-error a capacity is a number
await socket.join("chat", { capacity: "2" });
// @ts-expect-error a body is an object
await socket.join<{ move: number }>("chat");

// The socket is the lobby, with types of its own.
const lobby = connect<{ news: { text: string } }>("ws://server/ws", { offline: "reject", queue: 10 });
lobby.on("news", ({ text }) => same<typeof text, string>(true));
// @ts-expect-error no such action
await lobby.send("say", { text: "hi" });
// @ts-expect-error neither "queue" nor "reject"
connect("ws://server/ws", { offline: "wait" });

// What is of the package's own concern is not in its types.
// @ts-expect-error
room.receive;
// @ts-expect-error
room.session;

export function Player() {
  const used = useRoom<GameActions, GameCalls>(lobby, "game/1", {
    on: { move: (body) => same<typeof body, GameActions["move"]>(true) },
  });
  same<typeof used.room, Room<GameActions, GameCalls> | undefined>(true);
  // @ts-expect-error no such action
  useRoom<GameActions>(lobby, "game/1", { on: { jump: () => {} } });
  return used.error instanceof RoomError ? used.error.code : "";
}
