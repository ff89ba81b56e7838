// Breaks connections at any byte and checks that no acknowledged message is lost, that
// all clients see the same order, that nothing is received twice and that every loss is
// reported as a gap. SIM_RUNS sets the number of runs. SIM_SEED repeats the plan of one
// run: who sends what, and after how many bytes a connection breaks. The scheduling
// differs each time.

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { after, before, mock, test } from "node:test";
import WS from "ws";
import { type Room, type Socket, connect } from "../src/simplysocket.js";
import { Proxy } from "./proxy.js";
import { Server } from "./server.js";

const runs = Number(process.env["SIM_RUNS"] ?? 10);
const only = process.env["SIM_SEED"];
const clients = 3;
const rooms = 2;
const messages = 25; // per client
const cuts = 6; // per client

const server = new Server("--rate=0", "--burst=0");

before(async () => {
  mock.method(Math, "random", () => 0); // no delay before a client reconnects
  await server.start();
});
after(async () => {
  mock.restoreAll();
  await server.stop("SIGKILL");
});

for (let run = 0; run < (only ? 1 : runs); run++) {
  const seed = only ? Number(only) : randomInt(2 ** 32);
  test(`breaking connections, SIM_SEED=${seed}`, { timeout: 60_000 }, () => simulate(seed));
}

/** Random numbers below n; the same seed gives the same numbers (mulberry32). */
function random(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

interface Side {
  socket?: Socket;
  rooms: Room[];
  heard: string[][]; // per room; "gap" marks a gap
  left: number; // how many more connections will break; the first one does not
  proxy?: Proxy;
}

const empty = (): Side => ({ rooms: [], heard: [], left: 0 });

async function enter(side: Side, seed: number, url: string): Promise<void> {
  side.socket = connect(url, { WebSocket: globalThis.WebSocket ?? WS });
  for (let n = 0; n < rooms; n++) {
    const room = await side.socket.join(`sim/${seed}/${n}`);
    const heard: string[] = [];
    room.on("x", (body) => heard.push(String(body["text"])));
    room.onGap(() => heard.push("gap"));
    side.rooms.push(room);
    side.heard.push(heard);
  }
}

async function simulate(seed: number): Promise<void> {
  const port = Number(new URL(server.url).port);
  const witness = empty();
  await enter(witness, seed, server.url);
  const sides: Side[] = [];
  for (let i = 0; i < clients; i++) {
    const bytes = random(seed + 2 * i + 1);
    const proxy = new Proxy(port, () => (side.left-- > 0 ? [bytes(2500), bytes(1200)] : undefined));
    const side: Side = { ...empty(), proxy };
    await enter(side, seed, await proxy.start());
    side.left = cuts;
    sides.push(side);
    proxy.cut();
  }
  try {
    const said = await Promise.all(
      sides.map(async (side, i) => {
        const choose = random(seed + 2 * i + 2);
        const texts: [number, string][] = [];
        for (let n = 0; n < messages; n++) {
          const room = choose(rooms);
          texts.push([room, `${i}/${n}`]);
          await side.rooms[room]!.send("x", { text: `${i}/${n}` });
        }
        return texts;
      }),
    );
    await Promise.all(sides.map((side) => side.rooms[0]!.send("end", {})));
    await Promise.all(sides.map((side) => side.rooms[1]!.send("end", {})));
    await witness.rooms[0]!.send("end", {});
    await witness.rooms[1]!.send("end", {});
    for (let room = 0; room < rooms; room++) {
      const whole = witness.heard[room]!;
      const sent = said.flat().filter(([where]) => where === room).map(([, text]) => text);
      assert.deepEqual([...whole].sort(), sent.sort(), "every acknowledged message was sent to the room, once");
      for (const [i, side] of sides.entries()) {
        assert.ok(side.left <= 1, `client ${i} was cut off ${cuts - side.left} times`);
        assert.ok(explains(side.heard[room]!, whole), `client ${i} heard ${side.heard[room]!.join()} of ${whole.join()}`);
      }
    }
  } finally {
    for (const { socket, proxy } of [...sides, witness]) {
      socket?.close();
      proxy?.stop();
    }
  }
}

/** Whether the messages heard are all messages sent, except for gaps. */
function explains(heard: string[], whole: string[]): boolean {
  let at = 0;
  let gap = false;
  for (const text of heard) {
    if (text === "gap") {
      gap = true;
      continue;
    }
    const found = whole.indexOf(text, at);
    if (found < 0 || (found > at && !gap)) return false;
    at = found + 1;
    gap = false;
  }
  return gap || at === whole.length;
}
