// A session that continues on the next page of a tab.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { type FakeWebSocket, Page, type Sent, World, fakeTime, settle } from "./fake.js";

let page: Page;
beforeEach(() => {
  fakeTime();
  page = new Page();
});
afterEach(() => {
  page.close();
  mock.timers.reset();
  mock.restoreAll();
});

const actions = (sent: Sent[]) => sent.map(({ action }) => action);
const line = (seq: number) => ({ action: "line", message_body: { seq }, target: "r", sender: "anna", seq });
const list = { members: [{ client: "me", state: "online" }, { client: "anna", state: "away" }], count: 2 };

/** A client in room r, on the first page of the tab. */
async function first() {
  const world = new World({ session: "tab" });
  const wire = await world.start();
  const room = await world.join("r", { password: "secret" });
  wire.say({ action: "news", IsTargetClient: true, target: "me", n: 3 }).say(line(5));
  return { world, wire, room };
}

/** Loads the next page, up to the welcome. */
async function second(wire?: FakeWebSocket) {
  page = page.reload();
  assert.equal(wire?.closedWith ?? 4010, 4010, "the client gives up the connection, not the session");
  const world = new World({ session: "tab" });
  await settle();
  return { world, wire: world.wire.accept() };
}

test("the next page continues the session and receives the messages in between", async () => {
  const { wire: old } = await first();
  const { world, wire } = await second(old);
  assert.deepEqual(wire.take(), [
    { action: "hello", message_body: { features: ["set-info"], session: "token-1", rooms: { r: [7, 5] }, direct: 3 } },
  ]);
  assert.equal(page.stored.size, 0, "a duplicated tab finds nothing");
  wire.welcome({ resumed: true, session: "token-2" }).say(line(6));
  const heard: unknown[] = [];
  const joining = world.socket.join("r", { password: "secret" }).then((room) => {
    room.on("line", (body) => heard.push(body["seq"]));
    return room;
  });
  await settle();
  const [join] = wire.take();
  assert.deepEqual([join?.action, join?.message_body], ["join-room", { password: "secret" }]);
  wire.say(line(7)).ack(join, {}, { room: "r", seq: 8 });
  await settle();
  wire.ack(wire.take()[0], list, { room: "r", seq: 9 }).say(line(10));
  const room = await joining;
  mock.timers.tick(0);
  assert.deepEqual(heard, [6, 7, 10]);
  assert.deepEqual([room.members, room.count, room.presence("anna")?.state], [["me", "anna"], 2, "away"]);
  assert.equal(room.welcome["message"], "Welcome client me");
  mock.timers.tick(10_000);
  assert.deepEqual(wire.take(), [], "it stays in the room");
});

test("no password is stored", async () => {
  await first();
  page.fire("pagehide", { persisted: true });
  assert.equal(page.stored.size, 1);
  assert.doesNotMatch(JSON.stringify([...page.stored]), /secret/);
});

test("a page that joins late receives everything, and a third page what the second did not join for", async () => {
  const { wire: old } = await first();
  const { wire } = await second(old);
  wire.welcome({ resumed: true, session: "token-2" }).say(line(6));
  const third = await second(wire);
  assert.deepEqual(third.wire.take()[0]?.message_body, { features: ["set-info"], session: "token-2", rooms: { r: [7, 5] }, direct: 3 });
  third.wire.welcome({ resumed: true });
  third.wire.say(line(6));
  mock.timers.tick(9_000);
  const heard: unknown[] = [];
  void third.world.socket.join("r").then((room) => room.on("line", (body) => heard.push(body["seq"])));
  await settle();
  third.wire.ack(third.wire.take()[0]);
  await settle();
  third.wire.ack(third.wire.take()[0], list);
  await settle();
  mock.timers.tick(5_000);
  assert.deepEqual(heard, [6]);
});

test("rooms that the next page does not join are left", async () => {
  await first();
  const { world, wire } = await second();
  wire.welcome({ resumed: true }).take();
  mock.timers.tick(10_000);
  assert.deepEqual(wire.take().map(({ action, target }) => [action, target]), [["leave-room", "r"]]);
  assert.equal(world.socket.state, "connected");
});

test("a room that must be new is left if the previous page was in it", async () => {
  await first();
  const { world, wire } = await second();
  const join = assert.rejects(world.socket.join("r", { create: true }), { code: "room-exists" });
  wire.welcome({ resumed: true });
  await settle();
  const [sent] = wire.take().slice(1);
  wire.refuse(sent, "room-exists");
  await join;
  assert.deepEqual(wire.take().map(({ action, target }) => [action, target]), [["leave-room", "r"]]);
});

test("a room that ended in between is joined like any other", async () => {
  await first();
  const { world, wire } = await second();
  const joining = world.socket.join("r");
  wire.welcome({ resumed: true });
  await settle();
  wire.remove("r", "kicked").admit(wire.take().at(-1), 9);
  const room = await joining;
  assert.deepEqual([room.closed, room.welcome.epoch], [undefined, 9]);
});

test("if the session is gone, the rooms are joined like any others, and no gap is reported", async () => {
  await first();
  const { world, wire } = await second();
  const gaps: unknown[] = [];
  world.socket.onGap((gap) => gaps.push(gap));
  const joining = world.socket.join("r");
  wire.welcome({ client: "other" });
  await settle();
  wire.admit(wire.take().at(-1), 9);
  assert.equal((await joining).welcome.epoch, 9);
  mock.timers.tick(10_000);
  assert.deepEqual([gaps, wire.take()], [[], []]);
});

test("rooms that the server added the client to are reported on the next page", async () => {
  const world = new World({ session: "tab" });
  const wire = await world.start();
  wire.say({ action: "joined-room", message_body: { epoch: 5, seq: 1, count: 1, word: "hi" }, IsTargetClient: true, target: "me", room: "r", seq: 1 });
  const next = await second(wire);
  const heard: unknown[] = [];
  next.world.socket.onRoom((room) => {
    heard.push(room.welcome["word"]);
    room.on("line", (body) => heard.push(body["seq"]));
  });
  next.wire.welcome({ resumed: true }).say(line(2));
  assert.deepEqual(heard, ["hi", 2]);
  assert.deepEqual(actions(next.wire.take()), ["hello", "list-members"]);
  mock.timers.tick(10_000);
  assert.deepEqual(next.wire.take(), []);
});

test("of two pages with one session, the one that loses it starts its own", async () => {
  const { world, wire, room } = await first();
  const rejoined: number[] = [];
  room.onRejoined(({ epoch }) => rejoined.push(epoch));
  wire.break(4009);
  assert.equal(world.socket.state, "offline");
  const back = (await world.next()).accept();
  assert.deepEqual(back.take(), [{ action: "hello", message_body: { features: ["set-info"] } }]);
  back.welcome({ client: "other", session: "mine" });
  back.admit(back.take()[0], 9);
  assert.deepEqual([world.socket.id, rejoined], ["other", [9]]);
});

test("a closed socket stores nothing", async () => {
  const { world } = await first();
  world.socket.close();
  page.fire("pagehide", { persisted: false });
  assert.equal(page.stored.size, 0);
});

test("if the storage is missing, forbidden or corrupt, a new session starts", async () => {
  const forbidden = () => {
    throw new DOMException("forbidden", "SecurityError");
  };
  const stores = [undefined, { getItem: forbidden, setItem: forbidden }, ...["", "5", "{}", '{"token":"t"}', "nonsense"].map((text) => ({ getItem: () => text, removeItem() {}, setItem() {} }))];
  for (const value of stores) {
    Object.defineProperty(globalThis, "sessionStorage", { configurable: true, value });
    const world = new World({ session: "tab" });
    await settle();
    assert.deepEqual(world.wire.accept().take()[0]?.message_body, { features: ["set-info"] });
    page.fire("pagehide", { persisted: false });
  }
});

test("outside a browser nothing is stored", async () => {
  page.close();
  const world = new World({ session: "tab" });
  await world.start();
  world.socket.close();
});
