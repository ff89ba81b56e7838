// Everything that waits can be canceled.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import type { Room, Socket, WaitOptions } from "../src/simplysocket.js";
import { World, fakeTime, settle } from "./fake.js";

beforeEach(fakeTime);
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

const waits: Record<string, (socket: Socket, room: Room, options: WaitOptions) => Promise<unknown>> = {
  send: (_, room, options) => room.send("line", {}, options),
  sendTo: (_, room, options) => room.sendTo("anna", "line", {}, options),
  call: (_, room, options) => room.call("count", {}, options),
  once: (_, room, options) => room.once("line", options),
  listMembers: (_, room, options) => room.listMembers(options),
  history: (_, room, options) => room.history(options),
  "send to the lobby": (socket, _, options) => socket.send("line", {}, options),
  join: (socket, _, options) => socket.join("s", {}, options),
  listRooms: (socket, _, options) => socket.listRooms(options),
  setInfo: (socket, _, options) => socket.setInfo({ name: "Anna" }, options),
};

for (const [name, wait] of Object.entries(waits)) {
  test(`${name}: a timeout and a signal`, async () => {
    const world = new World();
    const wire = await world.start({ features: ["set-info"] });
    const room = await world.join("r");
    for (const offline of [false, true]) {
      if (offline) wire.break();
      const late = assert.rejects(wait(world.socket, room, { timeout: 500 }), { name: "TimeoutError" });
      mock.timers.tick(499);
      await settle();
      mock.timers.tick(1);
      await late;
      const given = new AbortController();
      const aborted = assert.rejects(wait(world.socket, room, { signal: given.signal, timeout: 500 }), /mine/);
      given.abort(new Error("mine"));
      await aborted;
      await assert.rejects(wait(world.socket, room, { signal: given.signal }), /mine/);
      if (!offline) {
        wire.take();
      }
    }
    world.socket.close();
  });
}

test("a message that is canceled before it was sent is not sent; after that, its answer is ignored", async () => {
  const world = new World();
  const wire = await world.start();
  const sent = assert.rejects(world.socket.send("a", {}, { timeout: 10 }), { name: "TimeoutError" });
  mock.timers.tick(10);
  await sent;
  wire.ack(wire.take()[0]);
  wire.break();
  const given = assert.rejects(world.socket.send("b", {}, { timeout: 10 }), { name: "TimeoutError" });
  void world.socket.send("c", {});
  mock.timers.tick(10);
  await given;
  const back = (await world.next()).accept().welcome({ resumed: true });
  assert.deepEqual(back.take().map(({ action }) => action), ["hello", "c"]);
});

test("an answer in time leaves nothing behind", async () => {
  const world = new World();
  const wire = await world.start();
  const { signal } = new AbortController();
  const removed = mock.method(signal, "removeEventListener");
  const sent = world.socket.send("a", {}, { signal, timeout: 10 });
  wire.ack(wire.take()[0]);
  await sent;
  assert.equal(removed.mock.callCount(), 1);
  mock.timers.tick(10);
});

test("once: the next message, and no other", async () => {
  const world = new World();
  const wire = await world.start();
  const room = await world.join("r");
  const next = room.once("line");
  for (const n of [1, 2]) wire.say({ action: "line", message_body: { n }, target: "r", sender: "anna", seq: 2 + n });
  const { body, sender } = await next;
  assert.deepEqual([body, sender], [{ n: 1 }, "anna"]);
  const ended = assert.rejects(world.socket.once("news"), { name: "ConnectionError", code: "closed" });
  world.socket.close();
  await ended;
});

test("a timeout beyond the limit of timers does not fire early", async () => {
  const world = new World();
  const wire = await world.start();
  const sent = world.socket.send("a", {}, { timeout: 2 ** 31 });
  mock.timers.tick(60_000);
  await settle();
  wire.say({ action: "heartbeat" }).ack({ action: "a", message_body: {}, id: 1 });
  await sent;
});

test("setInfo", async () => {
  const world = new World();
  const wire = await world.start({ features: ["set-info"] });
  const set = world.socket.setInfo({ name: "Anna" });
  const [sent] = wire.take();
  assert.deepEqual(sent, { action: "$set-info", message_body: { name: "Anna" }, target: "", id: 1 });
  wire.refuse(sent, "too-large");
  await assert.rejects(set, { code: "too-large" });
});

test("setInfo if the server does not support it", async () => {
  const world = new World();
  const wire = await world.start();
  await assert.rejects(world.socket.setInfo({ name: "Anna" }), { code: "forbidden" });
  assert.deepEqual(wire.take(), []);
});
