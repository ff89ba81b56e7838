import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { ConnectionError } from "../src/simplysocket.js";
import { World, elapse, fakeTime, settle } from "./fake.js";

beforeEach(fakeTime);
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

const slow = { limits: { message_bytes: 100, rooms: 9, messages_per_second: 10, burst: 8 } };

test("a message sent before the first connection waits for it", async () => {
  for (const offline of ["queue", "reject"] as const) {
    const world = new World({ offline });
    const sent = world.socket.send("a", { n: 1 });
    await settle();
    const [message] = world.wire.accept().welcome().take().slice(1);
    assert.deepEqual(message, { action: "a", message_body: { n: 1 }, target: "", id: 1 });
    world.wire.ack(message);
    await sent;
  }
});

test("a message sent offline waits, with the body that it had then", async () => {
  const world = new World();
  (await world.start()).break();
  const body = { n: 1 };
  const sent = world.socket.send("a", body);
  body.n = 2;
  const wire = (await world.next()).accept().welcome({ resumed: true });
  const message = wire.take()[1];
  assert.deepEqual(message?.message_body, { n: 1 });
  wire.ack(message);
  await sent;
});

test("there are never more unanswered messages than the server remembers", async () => {
  const world = new World({ queue: 1000 });
  const wire = await world.start({ limits: { ...slow.limits, message_bytes: 1000, burst: 4000 } });
  const sent = Array.from({ length: 300 }, (_, n) => world.socket.send("a", { n }));
  const first = wire.take();
  assert.equal(first.length, 256);
  wire.ack(first[0]);
  wire.ack(first[1]);
  const more = wire.take();
  assert.deepEqual(more.map((message) => message.id), [257, 258]);
  for (const message of [...first.slice(2), ...more]) wire.ack(message);
  for (const message of wire.take()) wire.ack(message);
  await Promise.all(sent);
});

test("the queue is limited", async () => {
  const world = new World({ queue: 2 });
  (await world.start()).break();
  const waiting = [world.socket.send("a", {}), world.socket.send("b", {})];
  await assert.rejects(world.socket.send("c", {}), (error) => {
    assert.ok(error instanceof ConnectionError);
    assert.equal(error.code, "queue-full");
    return true;
  });
  const wire = (await world.next()).accept().welcome({ resumed: true });
  for (const sent of wire.take().slice(1)) wire.ack(sent);
  await Promise.all(waiting);
});

test("256 messages may wait by default", async () => {
  const world = new World();
  (await world.start()).break();
  const waiting = Array.from({ length: 256 }, () => assert.rejects(world.socket.send("a", {}), { code: "closed" }));
  await assert.rejects(world.socket.send("a", {}), { code: "queue-full" });
  world.socket.close();
  await Promise.all(waiting);
});

test("offline: reject", async () => {
  const world = new World({ offline: "reject" });
  const wire = await world.start();
  const room = await world.join("r");
  wire.break();
  await assert.rejects(room.send("a", {}), { name: "ConnectionError", code: "offline" });
  const back = (await world.next()).accept().welcome({});
  assert.equal(back.take()[1]?.action, "join-room", "requests that the client makes on its own are not rejected");
});

test("sending stays below the server's limits: half of the burst, then the rate", async () => {
  const world = new World();
  const wire = await world.start(slow);
  for (let i = 0; i < 20; i++) void world.socket.send("a", { i });
  assert.equal(wire.take().length, 4);
  elapse(1_000);
  const next = wire.take();
  assert.equal(next.length, 10);
  assert.deepEqual(next.map(({ message_body }) => message_body["i"]), Array.from({ length: 10 }, (_, i) => 4 + i));
  elapse(1_000);
  assert.equal(wire.take().length, 6);
});

test("a message that is too large for the server is rejected", async () => {
  const world = new World();
  const wire = await world.start(slow);
  const tooLarge = { name: "RoomError", code: "too-large" };
  await assert.rejects(world.socket.send("a", { text: "ä".repeat(40) }), tooLarge);
  assert.throws(() => world.socket.post("a", { text: "x".repeat(100) }), tooLarge);
  assert.deepEqual(wire.take(), []);
  void world.socket.send("a", { text: "x".repeat(40) });
  assert.equal(wire.take().length, 1);
});

test("a body that is not JSON is rejected", async () => {
  const world = new World();
  await world.start();
  await assert.rejects(world.socket.send("a", { n: 1n }), TypeError);
});

test("post does not wait: the message is sent now, without an ID, or dropped", async () => {
  const world = new World();
  assert.equal(world.socket.post("a", {}), false, "before the connection");
  const wire = await world.start(slow);
  assert.equal(world.socket.post("a", { n: 1 }), true);
  assert.deepEqual(wire.take(), [{ action: "a", message_body: { n: 1 }, target: "" }]);
  for (let i = 0; i < 3; i++) world.socket.post("a", {});
  assert.equal(world.socket.post("a", {}), false, "above the rate");
  mock.timers.tick(100);
  assert.equal(world.socket.post("a", {}), true);
  void world.socket.send("b", {});
  const clock = mock.method(performance, "now", () => Date.now() + 1_000); // the timer is late
  assert.equal(world.socket.post("a", {}), false, "while another message waits");
  clock.mock.mockImplementation(() => Date.now());
  wire.take();
  wire.break();
  assert.equal(world.socket.post("a", {}), false, "offline");
  const back = (await world.next()).accept().welcome({ resumed: true });
  assert.deepEqual(back.take().map(({ action }) => action), ["hello", "b"]);
});

test("errors without a promise are reported", async () => {
  const world = new World();
  const wire = await world.start();
  const room = await world.join("r");
  const told: string[] = [];
  room.onError(({ code }) => told.push(`room ${code}`));
  world.socket.onError(({ code }) => told.push(`socket ${code}`));
  room.post("a", {});
  wire.refuse(undefined, "unknown-action", { room: "r", seq: 3, IsTargetClient: true, target: "me" });
  wire.refuse(undefined, "rate-limited", { IsTargetClient: true, target: "me" });
  assert.deepEqual(told, ["room unknown-action", "socket rate-limited"]);
});
