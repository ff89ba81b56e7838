import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { ConnectionError, connect } from "../src/simplysocket.js";
import { FakeWebSocket, World, fakeTime, settle } from "./fake.js";

beforeEach(fakeTime);
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

test("offers the subprotocol and says hello first", async () => {
  const world = new World();
  await settle();
  assert.deepEqual(world.wire.protocols, ["simplysocket.v1"]);
  assert.equal(world.wire.url, "ws://server/ws");
  assert.deepEqual(world.wire.accept().take(), [{ action: "hello", message_body: { features: [] } }]);
  assert.equal(world.socket.state, "connecting");
  world.wire.welcome();
  assert.equal(world.socket.state, "connected");
  assert.equal(world.socket.id, "me");
  assert.deepEqual(world.states, ["connected"]);
});

test("sends the token in base64url, a fresh one for each attempt", async () => {
  let calls = 0;
  const world = new World({ token: async () => `ü?>${++calls}` });
  await settle();
  world.wire.break();
  await world.next();
  const tokens = world.connections.map(({ protocols }) => protocols[1]);
  const encoded = [1, 2].map((n) => `bearer.${Buffer.from(`ü?>${n}`).toString("base64url")}`);
  assert.deepEqual(tokens, encoded);
});

test("tries again when there is no token", async () => {
  let calls = 0;
  const world = new World({
    token: () => {
      if (++calls === 1) throw new Error("not now");
      return "t";
    },
  });
  await settle();
  assert.equal(world.socket.state, "offline");
  await world.next();
});

test("does not connect when it was closed while it waited for a token", async () => {
  let give!: (token: string) => void;
  const world = new World({ token: () => new Promise((resolve) => (give = resolve)) });
  world.socket.close();
  give("t");
  await settle();
  assert.equal(world.connections.length, 0);
});

test("comes back after a break, and says why it is offline", async () => {
  const world = new World();
  const errors: (ConnectionError | undefined)[] = [];
  world.socket.onState((_, error) => errors.push(error));
  const wire = await world.start();
  wire.break(1001, "shutting down");
  assert.equal(errors[1]?.code, "offline");
  assert.equal(errors[1]?.closeCode, 1001);
  assert.match(errors[1]?.message ?? "", /shutting down/);
  (await world.next()).accept().welcome({ resumed: true });
  assert.deepEqual(world.states, ["connected", "offline", "connected"]);
});

for (const code of [1000, 1002, 1003, 1007, 1008, 1009, 4003, 4009, 4321]) {
  test(`ends after ${code}`, async () => {
    const world = new World();
    const wire = await world.start();
    const room = await world.join("r");
    const reasons: string[] = [];
    room.onClosed((reason) => reasons.push(reason));
    wire.break(code);
    assert.equal(world.socket.state, "ended");
    assert.deepEqual(reasons, ["ended"]);
    await assert.rejects(room.send("a", {}), { name: "ConnectionError", code: "closed", closeCode: code });
    mock.timers.tick(120_000);
    await settle();
    assert.equal(world.connections.length, 1);
  });
}

test("4001: returns once, with a fresh token and in a new session", async () => {
  const world = new World({ token: () => "t" });
  const wire = await world.start();
  const room = await world.join("r", { password: "p" });
  const asked = assert.rejects(room.send("a", {}), { code: "outcome-unknown" });
  wire.break(4001);
  await asked;
  const second = (await world.next()).accept();
  assert.deepEqual(second.take(), [{ action: "hello", message_body: { features: [] } }]);
  second.welcome({ client: "other" });
  assert.deepEqual(second.take().map(({ action, message_body }) => [action, message_body]), [["join-room", { password: "p" }]]);
  assert.equal(world.socket.id, "other");
  second.break(4001);
  assert.equal(world.socket.state, "ended");
});

test("4029: returns after 30 s at the earliest, whatever the browser says of the network", async () => {
  const browser = new EventTarget();
  mockGlobal("addEventListener", browser.addEventListener.bind(browser));
  mockGlobal("removeEventListener", browser.removeEventListener.bind(browser));
  mock.method(Math, "random", () => 0);
  const world = new World();
  (await world.start()).break(4029);
  browser.dispatchEvent(new Event("online"));
  mock.timers.tick(29_999);
  await settle();
  assert.equal(world.connections.length, 1);
  assert.deepEqual((await world.next(1)).accept().take(), [{ action: "hello", message_body: { features: [] } }]);
  world.socket.close();
});

test("gives a network up that the browser says is gone, and returns with it", async () => {
  const browser = new EventTarget();
  mockGlobal("addEventListener", browser.addEventListener.bind(browser));
  mockGlobal("removeEventListener", browser.removeEventListener.bind(browser));
  mock.method(Math, "random", () => 1);
  const world = new World();
  const wire = await world.start();
  browser.dispatchEvent(new Event("offline"));
  assert.equal(wire.abandoned, true);
  assert.equal(world.socket.state, "offline");
  browser.dispatchEvent(new Event("online"));
  await settle();
  assert.equal(world.connections.length, 2, "at once");
  world.socket.close();
  browser.dispatchEvent(new Event("online"));
  await settle();
  assert.equal(world.connections.length, 2, "not after the end");
});

function mockGlobal(name: "addEventListener" | "removeEventListener", value: unknown): void {
  const had = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { configurable: true, value });
  cleanups.push(() => (had ? Object.defineProperty(globalThis, name, had) : Reflect.deleteProperty(globalThis, name)));
}

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

test("close ends the session with 1000", async () => {
  const world = new World();
  const wire = await world.start();
  const room = await world.join("r");
  const sent = assert.rejects(room.send("a", {}), { name: "RoomError", code: "outcome-unknown" });
  world.socket.close();
  world.socket.close();
  await sent;
  assert.equal(wire.closedWith, 1000);
  assert.deepEqual(world.states, ["connected", "ended"]);
  wire.break(1000);
  wire.say({ action: "late", target: "r" });
  mock.timers.tick(60_000);
  await settle();
  assert.equal(world.connections.length, 1);
  await assert.rejects(world.socket.join("r"), { code: "closed" });
});

test("without a WebSocket there is an error at once", () => {
  const had = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  Reflect.deleteProperty(globalThis, "WebSocket");
  try {
    assert.throws(() => connect("ws://server/ws"), TypeError);
  } finally {
    if (had) Object.defineProperty(globalThis, "WebSocket", had);
  }
});

test("a URL that is none ends it", async () => {
  class Picky extends FakeWebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      throw new SyntaxError("no URL");
    }
  }
  const socket = connect("nonsense", { WebSocket: Picky });
  let error: ConnectionError | undefined;
  socket.onState((_, why) => (error = why));
  await settle();
  assert.equal(socket.state, "ended");
  assert.ok(error?.cause instanceof SyntaxError);
});

test("what no server sends is passed over", async () => {
  const world = new World();
  const wire = await world.start();
  const texts = ["", "null", "[]", "7", '"a"', "{}", '{"action":1}', '{"action":"a","message_body":[]}'];
  for (const data of [...texts, new ArrayBuffer(3)]) wire.sayRaw(data);
  assert.equal(world.socket.state, "connected");
});

test("a listener that throws is reported and stops nothing", async () => {
  const world = new World();
  const wire = await world.start();
  const uncaught: unknown[] = [];
  const catchIt = (error: unknown) => uncaught.push(error);
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.once("uncaughtException", catchIt);
  const heard: unknown[] = [];
  world.socket.on("news", () => {
    throw new Error("mine");
  });
  world.socket.on("news", (body) => heard.push(body));
  wire.say({ action: "news", message_body: { n: 1 } });
  await settle();
  for (const other of others) process.on("uncaughtException", other);
  assert.deepEqual(heard, [{ n: 1 }]);
  assert.match(String(uncaught[0]), /mine/);
});
