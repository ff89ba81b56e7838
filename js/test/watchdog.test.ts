import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { World, fakeTime, settle } from "./fake.js";

beforeEach(fakeTime);
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

const heartbeat = 10_000;

test("abandons a connection after two silent heartbeat intervals, and resumes", async () => {
  const world = new World();
  const wire = await world.start({ heartbeat });
  mock.timers.tick(2 * heartbeat - 1);
  assert.equal(world.socket.state, "connected");
  mock.timers.tick(1);
  assert.equal(world.socket.state, "offline");
  assert.equal(wire.abandoned, true, "without waiting for an answer to the close");
  assert.equal(wire.closedWith, 4010, "4010 keeps the session");
  const second = (await world.next()).accept();
  assert.equal(second.take()[0]?.message_body["session"], "token-1");
  wire.break(4009);
  second.welcome({ resumed: true });
  assert.equal(world.socket.state, "connected", "the end of the old connection is ignored");
});

test("any received data counts", async () => {
  const world = new World();
  const wire = await world.start({ heartbeat });
  for (let i = 0; i < 5; i++) {
    mock.timers.tick(2 * heartbeat - 1);
    if (i % 2) wire.say({ action: "heartbeat" });
    else wire.sayRaw("not even an envelope");
  }
  assert.equal(world.socket.state, "connected");
});

test("the client gives up a server that does not answer", async () => {
  for (const accepted of [false, true]) {
    const world = new World();
    await settle();
    if (accepted) world.wire.accept();
    mock.timers.tick(15_000);
    assert.equal(world.socket.state, "offline");
    world.socket.close();
  }
});

test("only the welcome counts as an answer of the server", async () => {
  const world = new World();
  await settle();
  world.wire.accept();
  for (let i = 0; i < 14; i++) {
    mock.timers.tick(1_000);
    world.wire.say({ action: "heartbeat" }).sayRaw("noise").say({ action: "welcome", message_body: { client: 5 } });
  }
  assert.equal(world.socket.state, "connecting");
  mock.timers.tick(1_000);
  assert.equal(world.socket.state, "offline");
  assert.equal(world.wire.closedWith, 4010);
  (await world.next()).accept().welcome();
  assert.equal(world.socket.state, "connected");
});

for (const heartbeat of [30 * 24 * 3_600_000, 2 ** 31, 2 ** 53, 0, -1, null, "soon"]) {
  test(`a heartbeat of ${heartbeat} ms never ends a connection`, async () => {
    const world = new World();
    await world.start({ heartbeat });
    const before = mock.method(globalThis, "setTimeout");
    mock.timers.tick(60_000);
    assert.equal(world.socket.state, "connected");
    assert.equal(before.mock.callCount(), 0, "without a timer in the meantime");
    before.mock.restore();
    world.socket.close();
  });
}

// Advances the clock without running timers, as in a background tab or on a machine
// that sleeps, and then runs those that are due.
function late(ms: number): void {
  const now = Date.now();
  const late = mock.method(performance, "now", () => now + ms);
  mock.timers.tick(2 * heartbeat);
  late.mock.restore();
  mock.method(performance, "now", () => Date.now() + ms - 2 * heartbeat);
}

test("a late timer does not end the connection: messages that have arrived are delivered first", async () => {
  const world = new World();
  const wire = await world.start({ heartbeat });
  late(600_000);
  assert.equal(world.socket.state, "connected");
  wire.say({ action: "heartbeat" });
  mock.timers.tick(2 * heartbeat - 1);
  assert.equal(world.socket.state, "connected");
  mock.timers.tick(1);
  assert.equal(world.socket.state, "offline");
});

test("another second of silence after a late timer ends the connection", async () => {
  const world = new World();
  await world.start({ heartbeat });
  late(600_000);
  mock.timers.tick(999);
  assert.equal(world.socket.state, "connected");
  mock.timers.tick(1);
  assert.equal(world.socket.state, "offline");
});

test("a throttled timer waits for the rest of the limit if messages arrived", async () => {
  const world = new World();
  const wire = await world.start({ heartbeat });
  mock.timers.tick(heartbeat);
  wire.say({ action: "heartbeat" });
  mock.timers.tick(heartbeat); // the first timer: silent for one interval only
  assert.equal(world.socket.state, "connected");
  mock.timers.tick(heartbeat);
  assert.equal(world.socket.state, "offline");
});
