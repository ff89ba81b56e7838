import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, mock, test } from "node:test";
import WS from "ws";
import { type Gap, type Options, type Room, type Socket, type State, connect } from "../src/simplysocket.js";
import { Page } from "./fake.js";
import { Proxy } from "./proxy.js";
import { Server } from "./server.js";

const server = new Server("--rate=1000", "--burst=200");
const sockets: Socket[] = [];
const limit = { timeout: 60_000 };

before(() => server.start());
afterEach(() => {
  mock.restoreAll();
  for (const socket of sockets.splice(0)) socket.close();
});
after(() => server.stop("SIGKILL"));

function client(options: Options = {}, url = server.url): Socket {
  const socket = connect(url, { WebSocket: globalThis.WebSocket ?? WS, ...options });
  sockets.push(socket);
  return socket;
}

/** Waits for the first call of a listener. */
function told<T>(listen: (listener: (value: T) => void) => () => void): Promise<T> {
  return new Promise((resolve) => {
    const end = listen((value) => {
      end();
      resolve(value);
    });
  });
}

function reached(socket: Socket, state: State): Promise<void> {
  return new Promise((resolve) => {
    const end = socket.onState((now) => {
      if (now !== state) return;
      end();
      resolve();
    });
  });
}

/** The next n messages that a room receives. */
function lines(room: Room, n: number): Promise<unknown[]> {
  const heard: unknown[] = [];
  return new Promise((resolve) => {
    const end = room.on("send-message", (body) => {
      heard.push(body["message"]);
      if (heard.length < n) return;
      end();
      resolve(heard);
    });
  });
}

test("two clients talk", limit, async () => {
  const [anna, bert] = [client(), client()];
  const hers = await anna.join("chat/talk");
  assert.match(String(hers.welcome["message"]), new RegExp(`Welcome client ${anna.id}`));
  const came = told<string>((listener) => hers.onJoin(listener));
  const his = await bert.join("chat/talk");
  assert.equal(await came, bert.id);
  assert.deepEqual(hers.members, [anna.id, bert.id]);
  assert.deepEqual(his.members, hers.members);

  const both = [lines(hers, 4), lines(his, 4)];
  await Promise.all([
    hers.send("send-message", { message: "a1" }),
    his.send("send-message", { message: "b1" }),
    hers.send("send-message", { message: "a2" }),
  ]);
  assert.equal(his.post("send-message", { message: "b2" }), true);
  const [first, second] = await Promise.all(both);
  assert.deepEqual(first, second);
  assert.deepEqual(first!.filter((text) => text !== "b1"), ["a1", "a2", "b2"]);

  const whisper = told<[unknown, boolean]>((listener) => his.on("whisper", (body, { direct }) => listener([body, direct])));
  await hers.sendTo(bert.id, "whisper", { text: "psst" });
  assert.deepEqual(await whisper, [{ text: "psst" }, true]);

  const went = told<string>((listener) => hers.onLeave(listener));
  await his.leave();
  assert.equal(await went, bert.id);
  assert.equal(hers.count, 1);
  await assert.rejects(his.send("send-message", { message: "still here?" }), { name: "RoomError", code: "left" });
  await assert.rejects(hers.call("$later", {}), { code: "unknown-action" });
});

test("every client is in the lobby", limit, async () => {
  const [anna, bert] = [client(), client()];
  await Promise.all([reached(anna, "connected"), reached(bert, "connected")]);
  const heard = told<unknown>((listener) => bert.on("news", listener));
  await anna.send("news", { text: "tea" });
  assert.deepEqual(await heard, { text: "tea" });
});

test("a wrong password, and a right one", limit, async () => {
  await client().join("chat/secret", { password: "sesame" });
  const other = client();
  await assert.rejects(other.join("chat/secret", { password: "guess" }), { name: "RoomError", code: "forbidden" });
  await assert.rejects(other.join("chat/secret"), { code: "forbidden" });
  assert.equal((await other.join("chat/secret", { password: "sesame" })).count, 2);
});

test("a full room", limit, async () => {
  const owner = await client().join("chat/full", { capacity: 1 });
  const other = client();
  await assert.rejects(other.join("chat/full"), { name: "RoomError", code: "room-full" });
  await owner.leave();
  await other.join("chat/full");
});

test("rooms that must be new or open, and the list", limit, async () => {
  const socket = client();
  await assert.rejects(socket.join("chat/none", { create: false }), { code: "unknown-room" });
  await socket.join("chat/listed", { create: true, capacity: 8, properties: { level: 3 } });
  await assert.rejects(client().join("chat/listed", { create: true }), { code: "room-exists" });
  await assert.rejects(socket.join("chat/listed", { create: true }), { code: "room-exists" });
  const { rooms } = await socket.listRooms();
  assert.deepEqual(rooms.find(({ name }) => name === "chat/listed"), {
    name: "chat/listed",
    members: 1,
    capacity: 8,
    properties: { level: 3 },
  });
});

test("the server and its test vectors agree on names", limit, async () => {
  const names: { valid: string[]; invalid: string[] } = JSON.parse(readFileSync("../protocol/testdata/names.json", "utf8"));
  const socket = client();
  const rooms = names.valid.filter((name) => name !== "lobby");
  const joined = await Promise.all(rooms.map((name) => socket.join(name)));
  assert.deepEqual(joined.map(({ name }) => name), rooms);
  await Promise.all(
    names.invalid
      .filter((name) => name !== "") // the lobby
      .map((name) => assert.rejects(socket.join(name), { code: "bad-name" }, JSON.stringify(name))),
  );
});

test("a full queue that is sent at once is not refused", limit, async () => {
  const room = await client({ queue: 1000 }).join("chat/flood");
  const sent = Array.from({ length: 600 }, (_, message) => room.send("send-message", { message }));
  const heard = lines(room, sent.length);
  await Promise.all(sent);
  assert.deepEqual(await heard, sent.map((_, i) => i));
});

test("a session outlives its connections: nothing is lost or received twice", limit, async () => {
  mock.method(Math, "random", () => 0); // no delay before it reconnects
  const proxy = new Proxy(Number(new URL(server.url).port));
  const url = await proxy.start();
  try {
    const [anna, bert] = [client({}, url), client()];
    const [hers, his] = await Promise.all([anna.join("chat/cuts"), bert.join("chat/cuts")]);
    const { id } = anna;
    const untold: unknown[] = [];
    hers.onGap((gap) => untold.push(gap));
    const heard = [lines(hers, 200), lines(his, 200)];
    for (let i = 0; i < 10; i++) {
      const back = reached(anna, "connected");
      const sent = Array.from({ length: 10 }, (_, n) => [
        hers.send("send-message", { message: `a${i * 10 + n}` }),
        his.send("send-message", { message: `b${i * 10 + n}` }),
      ]).flat();
      // Some answers have arrived, others are still missing.
      await sent[i % 2];
      proxy.cut();
      await Promise.all([...sent, back]);
    }
    const [first, second] = await Promise.all(heard);
    assert.deepEqual(first, second);
    for (const side of ["a", "b"]) {
      const said = first!.filter((text) => String(text).startsWith(side));
      assert.deepEqual(said, Array.from({ length: 100 }, (_, i) => `${side}${i}`));
    }
    assert.equal(anna.id, id);
    assert.deepEqual(untold, []);
  } finally {
    proxy.stop();
  }
});

test("a member can fetch the history", limit, async () => {
  const room = await client().join("chat/history");
  for (let n = 0; n < 5; n++) await room.send("send-message", { message: n });
  const { messages, epoch } = await room.history({ limit: 3 });
  assert.equal(epoch, room.welcome.epoch);
  const lines = messages.filter(({ action }) => action === "send-message");
  assert.deepEqual(lines.map(({ body }) => body["message"]).slice(-2), [3, 4]);
  const { members, count } = await room.listMembers();
  assert.deepEqual([members.map(({ state }) => state), count], [["online"], 1]);
});

test("a reloaded page continues its session", limit, async () => {
  const anna = await client().join("chat/reload");
  const seen: string[] = [];
  anna.onLeave((client) => seen.push(client));
  let page = new Page();
  try {
    const first = client({ session: "tab" });
    const before = await first.join("chat/reload");
    const { id } = first;
    const welcome = before.welcome["message"];
    page = page.reload();
    await anna.send("send-message", { message: "in between" });
    const second = client({ session: "tab" });
    const room = await second.join("chat/reload");
    const heard = lines(room, 2);
    assert.equal(second.id, id);
    assert.equal(room.welcome["message"], welcome);
    assert.deepEqual(room.members, anna.members);
    await room.send("send-message", { message: "back" });
    assert.deepEqual(await heard, ["in between", "back"]);
    assert.deepEqual(seen, []);
  } finally {
    page.close();
  }
});

test("a closed page leaves at once", limit, async () => {
  const anna = await client().join("chat/closed");
  const page = new Page();
  try {
    const socket = client();
    await socket.join("chat/closed");
    const gone = told<string>((listener) => anna.onLeave(listener));
    page.fire("pagehide", { persisted: false });
    assert.equal(await gone, socket.id);
  } finally {
    page.close();
  }
});

test("a leave while offline reaches the server when the session resumes", limit, async () => {
  const proxy = new Proxy(Number(new URL(server.url).port));
  try {
    const anna = await client().join("chat/ghost");
    const socket = client({}, await proxy.start());
    const room = await socket.join("chat/ghost");
    const offline = reached(socket, "offline");
    proxy.refuse(true);
    proxy.cut();
    await offline;
    const gone = told<string>((listener) => anna.onLeave(listener));
    const left = room.leave();
    proxy.refuse(false);
    await left;
    assert.equal(await gone, socket.id);
    assert.equal((await socket.join("chat/ghost")).count, 2);
  } finally {
    proxy.stop();
  }
});

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  test(`the server restarts after ${signal}`, limit, async () => {
    const [anna, bert] = [client(), client()];
    const hers = await anna.join(`chat/${signal}`, { password: "p", create: true });
    const his = await bert.join(`chat/${signal}`, { password: "p" });
    const before = anna.id;
    const gaps = [hers, his].map((room) => told<Gap>((listener) => room.onGap(listener)));
    const offline = [reached(anna, "offline"), reached(bert, "offline")];
    await server.stop(signal);
    await Promise.all(offline);

    const waiting = hers.send("send-message", { message: "while you were away" });
    const heard = lines(hers, 1);
    const back = [reached(anna, "connected"), reached(bert, "connected")];
    await server.start();
    await Promise.all([...back, ...gaps]);
    await waiting;
    assert.deepEqual(await heard, ["while you were away"]);
    assert.notEqual(anna.id, before);
    while (his.count < 2 || hers.count < 2) await told<void>((listener) => [his, hers].find(({ count }) => count < 2)!.onMembers(listener));
    assert.deepEqual([...hers.members].sort(), [anna.id, bert.id].sort());
    // Her earlier message may still be on its way to him if he reconnected first.
    const talk = told<void>((listener) => his.on("send-message", ({ message }) => message === "again" && listener()));
    await hers.send("send-message", { message: "again" });
    await talk;
  });
}
