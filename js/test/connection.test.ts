import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { ConnectionError, connect } from "../src/simplysocket.js";
import { FakeWebSocket, Page, World, fakeTime, settle } from "./fake.js";

beforeEach(fakeTime);
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

test("offers the subprotocol and sends hello first", async () => {
  const world = new World();
  await settle();
  assert.deepEqual(world.wire.protocols, ["simplysocket.v1"]);
  assert.equal(world.wire.url, "ws://server/ws");
  assert.deepEqual(world.wire.accept().take(), [{ action: "hello", message_body: { features: ["set-info"] } }]);
  assert.equal(world.socket.state, "connecting");
  world.wire.welcome();
  assert.equal(world.socket.state, "connected");
  assert.equal(world.socket.id, "me");
  assert.deepEqual(world.states, ["connected"]);
});

test("sends a fresh token, in base64url, for each attempt", async () => {
  let calls = 0;
  const world = new World({ token: async () => `ü?>${++calls}` });
  await settle();
  world.wire.break();
  await world.next();
  const tokens = world.connections.map(({ protocols }) => protocols[1]);
  const encoded = [1, 2].map((n) => `bearer.${Buffer.from(`ü?>${n}`).toString("base64url")}`);
  assert.deepEqual(tokens, encoded);
});

test("tries again if getting a token fails", async () => {
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

for (const nothing of [null, undefined, ""]) {
  test(`${JSON.stringify(nothing)} means no token`, async () => {
    const world = new World({ token: async () => nothing });
    await settle();
    assert.deepEqual(world.wire.protocols, ["simplysocket.v1"]);
  });
}

const failures: Record<string, () => string | Promise<string>> = {
  "that throws": () => {
    throw new Error("mine");
  },
  "that rejects": () => Promise.reject(new Error("mine")),
  "that never comes": () => new Promise(() => {}),
};
for (const [name, token] of Object.entries(failures)) {
  test(`a token ${name}: each failed attempt is reported, and another follows`, async () => {
    let calls = 0;
    const world = new World({ token: () => (++calls < 4 ? token() : "t") });
    const errors: (ConnectionError | undefined)[] = [];
    world.socket.onState((_, error) => errors.push(error));
    for (let i = 0; i < 3; i++) {
      await settle();
      mock.timers.tick(15_000);
      await settle();
    }
    while (calls < 4) {
      mock.timers.tick(15_000);
      await settle();
    }
    world.wire.accept().welcome();
    assert.deepEqual(world.states, ["offline", "offline", "offline", "connected"]);
    for (const error of errors.slice(0, 3)) {
      assert.equal(error?.code, "offline");
      if (name !== "that never comes") assert.match(String(error?.cause), /mine/);
    }
  });
}

test("does not connect if it was closed while it waited for a token", async () => {
  let give!: (token: string) => void;
  const world = new World({ token: () => new Promise((resolve) => (give = resolve)) });
  world.socket.close();
  give("t");
  await settle();
  assert.equal(world.connections.length, 0);
});

test("reconnects after a break and reports why it is offline", async () => {
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

test("4001: reconnects once, with a fresh token and a new session", async () => {
  const world = new World({ token: () => "t" });
  const wire = await world.start();
  const room = await world.join("r", { password: "p" });
  const asked = assert.rejects(room.send("a", {}), { code: "outcome-unknown" });
  wire.break(4001);
  await asked;
  const second = (await world.next()).accept();
  assert.deepEqual(second.take(), [{ action: "hello", message_body: { features: ["set-info"] } }]);
  second.welcome({ client: "other" });
  assert.deepEqual(second.take().map(({ action, message_body }) => [action, message_body]), [["join-room", { password: "p" }]]);
  assert.equal(world.socket.id, "other");
  second.break(4001);
  assert.equal(world.socket.state, "ended");
});

test("4029: reconnects after at least 30 s, whatever the browser says about the network", async () => {
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
  assert.deepEqual((await world.next(1)).accept().take(), [{ action: "hello", message_body: { features: ["set-info"] } }]);
  world.socket.close();
});

test("4009 is final, 1001 is not", async () => {
  for (const [code, state] of [[4009, "ended"], [1001, "offline"]] as const) {
    const world = new World();
    (await world.start()).break(code);
    assert.equal(world.socket.state, state);
    world.socket.close();
  }
});

test("a page that is closed ends the session, a page that the browser keeps does not", async () => {
  const page = new Page();
  cleanups.push(() => page.close());
  const world = new World();
  const wire = await world.start();
  page.fire("pagehide", { persisted: true });
  assert.deepEqual([wire.closedWith, world.socket.state], [undefined, "connected"]);
  page.fire("pagehide", { persisted: false });
  assert.deepEqual([wire.closedWith, world.socket.state, page.stored.size], [1000, "ended", 0]);
});

test("abandons the connection when the browser goes offline, and reconnects when it is online", async () => {
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
  assert.equal(world.connections.length, 2, "no reconnect after the end");
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

test("without a WebSocket, connect throws", () => {
  const had = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  Reflect.deleteProperty(globalThis, "WebSocket");
  try {
    assert.throws(() => connect("ws://server/ws"), TypeError);
  } finally {
    if (had) Object.defineProperty(globalThis, "WebSocket", had);
  }
});

test("an invalid URL ends the socket", async () => {
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

test("invalid frames are ignored", async () => {
  const world = new World();
  const wire = await world.start();
  const texts = ["", "null", "[]", "7", '"a"', "{}", '{"action":1}', '{"action":"a","message_body":[]}'];
  for (const data of [...texts, new ArrayBuffer(3)]) wire.sayRaw(data);
  assert.equal(world.socket.state, "connected");
});

test("unknown parts of a later version are ignored", async () => {
  const world = new World();
  const wire = await world.start({ features: ["more"], more: { than: ["this"] } });
  const room = await world.join("r");
  const heard: unknown[] = [];
  for (const channel of [room, world.socket]) channel.on("$news", (body) => heard.push(body));
  room.on("line", (_, message) => heard.push(Object.keys(message)));
  wire.say({ action: "$news", target: "r", seq: 3 }).say({ action: "$news" });
  wire.say({ action: "welcome", message_body: { client: "somebody else", session: "t" } });
  wire.say({ action: "line", target: "r", sender: "anna", seq: 4, color: "red" });
  assert.deepEqual(heard, [["action", "body", "sender", "direct", "seq"]]);
  assert.equal(world.socket.id, "me");
  wire.break();
  const { rooms, features } = (await world.next()).accept().take()[0]!.message_body;
  assert.deepEqual([rooms, features], [{ r: [7, 4] }, ["set-info"]], "their positions are recorded");
});

const odd = [null, 5, "x", [], [null], [5], [{}], [{ client: 5 }], [{ client: "anna", state: 7, info: [] }], { length: 2 }];
test("unexpected values in messages do not throw", async () => {
  const world = new World();
  const wire = await world.start();
  const room = await world.join("r");
  const before = { target: "r", seq: 3 };
  for (const value of odd) {
    for (const body of [{ clients: value }, { client: value }, { count: value }, { members: value }, { epoch: value }, { reason: value }]) {
      for (const action of ["client-presence", "client-joined-room", "client-left-room", "room-count", "gap"]) {
        wire.say({ action, message_body: body, ...before, seq: before.seq++ });
      }
      wire.say({ action: "joined-room", message_body: { epoch: 8, seq: 1, ...body }, IsTargetClient: true, target: "me", room: `${action(body)}${before.seq}` });
      wire.say({ action: "joined-room", message_body: body, IsTargetClient: true, target: "me", room: "r", seq: before.seq++ });
    }
    for (const key of ["ref", "n", "seq", "time", "room", "target", "sender", "IsTargetClient"]) wire.say({ action: "news", [key]: value });
    for (const name of ["ack", "error", "gap", "left-room", "room-closed", "welcome"]) wire.say({ action: name, ref: value, message_body: { to: value, reason: value } });
  }
  assert.equal(world.socket.state, "connected");
  assert.equal(room.closed, undefined);
  assert.equal(typeof room.count, "number");
  assert.ok(room.members.every((client) => typeof client === "string"));
});

test("an invalid limit means no limit", async () => {
  for (const value of [-1, null, "x", {}]) {
    const world = new World();
    const wire = await world.start({ limits: { message_bytes: value, messages_per_second: value, burst: value } });
    const sent = world.socket.send("a", {});
    wire.ack(wire.take()[0]);
    await sent;
  }
  const world = new World();
  await world.start({ limits: null });
  assert.equal(world.socket.post("a", {}), true);
});

const action = (body: object) => Object.keys(body).join();

for (const limit of [65_536, 4_096, 600, undefined]) {
  test(`hello fits ${limit ?? "64 KiB if the server sends no limit"}; rooms that do not fit are rejoined afterwards`, async () => {
    const world = new World({ queue: 2_000 });
    const limits = limit && { message_bytes: limit, messages_per_second: 0, burst: 0 };
    const wire = await world.start({ limits });
    const names = Array.from({ length: 1_000 }, (_, n) => `room/${n}/`.padEnd(128, "x"));
    for (const name of names) {
      wire.say({ action: "joined-room", message_body: { epoch: 2 ** 52, seq: 1, count: 1, members: [] }, IsTargetClient: true, target: "me", room: name, seq: 1 });
    }
    wire.break();
    const back = (await world.next()).accept();
    const hello = back.take()[0]!;
    assert.ok(JSON.stringify(hello).length <= (limit ?? 65_536));
    const told = Object.keys(hello.message_body["rooms"] as object);
    assert.ok(told.length >= (limit === 600 ? 2 : 20));
    back.welcome({ resumed: true, limits });
    const rejoined = new Set<string | undefined>();
    for (let sent; (sent = back.take()).length > 0; ) {
      for (const join of sent) {
        assert.equal(join.action, "join-room");
        rejoined.add(join.target);
        back.ack(join);
      }
    }
    assert.deepEqual([...told, ...rejoined].sort(), names.sort());
  });
}

test("an exception in a listener is reported and stops nothing", async () => {
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
