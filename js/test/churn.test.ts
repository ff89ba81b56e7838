// Clients join and leave while their connections break, and while they are offline. No
// client stays in a room that it has left, and all see the right members. SIM_RUNS sets
// the number of runs.

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { after, before, mock, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import WS from "ws";
import { type Room, type Socket, connect } from "../src/simplysocket.js";
import { Proxy } from "./proxy.js";
import { Server } from "./server.js";

const runs = Math.ceil(Number(process.env["SIM_RUNS"] ?? 10) / 2);
const clients = 4;
const names = ["one", "two", "three"];
const steps = 40; // per client

const server = new Server("--rate=0", "--burst=0");

before(async () => {
  mock.method(Math, "random", () => 0); // no delay before a client reconnects
  await server.start();
});
after(async () => {
  mock.restoreAll();
  await server.stop("SIGKILL");
});

interface Side {
  socket: Socket;
  proxy: Proxy;
  rooms: Map<string, Room>;
  heard: number; // calls to listeners of rooms that it had left
  pending: Promise<unknown>[];
}

async function enter(left: { cuts: number }): Promise<Side> {
  const proxy = new Proxy(Number(new URL(server.url).port), () => (left.cuts-- > 0 ? [randomInt(4_000), randomInt(2_000)] : undefined));
  const socket = connect(await proxy.start(), { WebSocket: globalThis.WebSocket ?? WS });
  return { socket, proxy, rooms: new Map(), heard: 0, pending: [] };
}

async function step(side: Side, run: number): Promise<void> {
  const name = `churn/${run}/${names[randomInt(names.length)]}`;
  const room = side.rooms.get(name);
  if (!room) {
    const entered = await side.socket.join(name);
    side.rooms.set(name, entered);
    const hear = () => void (side.rooms.get(name) === entered || side.heard++);
    for (const end of [entered.on("x", hear), entered.onMembers(hear), entered.onGap(hear)]) assert.ok(end);
  } else if (randomInt(2) === 0) {
    side.rooms.delete(name);
    side.pending.push(room.leave());
  } else {
    side.pending.push(room.send("x", {}));
  }
}

for (let run = 0; run < runs; run++) {
  test(`joins and leaves over breaking connections, ${run}`, { timeout: 60_000 }, async () => {
    const left = { cuts: 30 };
    const witness = connect(server.url, { WebSocket: globalThis.WebSocket ?? WS });
    const seen = await Promise.all(names.map((name) => witness.join(`churn/${run}/${name}`)));
    const sides = await Promise.all(Array.from({ length: clients }, () => enter(left)));
    try {
      await Promise.all(
        sides.map(async (side) => {
          for (let n = 0; n < steps; n++) {
            await step(side, run);
            if (randomInt(8) === 0) side.proxy.cut();
          }
          await Promise.all(side.pending);
        }),
      );
      await sleep(300); // changes of presence are sent in batches
      for (const room of seen) {
        const inside = sides.filter((side) => side.rooms.has(room.name)).map(({ socket }) => socket.id);
        const listed = (await room.listMembers()).members.map(({ client }) => client);
        assert.deepEqual([...listed].sort(), [witness.id, ...inside].sort(), "no client stays in a room that it has left");
        assert.deepEqual([[...room.members].sort(), room.count], [[...listed].sort(), listed.length]);
        for (const side of sides) {
          const own = side.rooms.get(room.name);
          if (own) assert.deepEqual([[...own.members].sort(), own.count], [[...listed].sort(), listed.length]);
        }
      }
      assert.equal(sides.reduce((sum, { heard }) => sum + heard, 0), 0);
    } finally {
      for (const { socket, proxy } of sides) {
        socket.close();
        proxy.stop();
      }
      witness.close();
    }
  });
}
