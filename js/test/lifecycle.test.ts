// The life of a room object, and what it must not do afterwards.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import type { Room } from "../src/simplysocket.js";
import { type FakeWebSocket, type Sent, World, fakeTime, settle } from "./fake.js";

beforeEach(fakeTime);
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

const actions = (sent: Sent[]) => sent.map(({ action }) => action);
const line = (seq: number, room = "r") => ({ action: "line", message_body: { seq }, target: room, sender: "anna", seq });
const joined = (room: string, epoch = 7, seq = 1, members: unknown = [{ client: "me" }]) => ({
  action: "joined-room",
  message_body: { epoch, seq, count: 1, members },
  IsTargetClient: true,
  target: "me",
  room,
  seq,
});

async function member(options = {}, welcome = {}) {
  const world = new World(options);
  const wire = await world.start(welcome);
  const room = await world.join("r", { password: "p" });
  return { world, wire, room };
}

/** Starts to join room r, up to the request. */
async function joining() {
  const world = new World();
  const wire = await world.start();
  const join = world.socket.join("r");
  await settle();
  return { world, wire, join, sent: wire.take()[0] };
}

for (const reason of ["kicked", "closed", "left"]) {
  const orders: Record<string, (wire: FakeWebSocket, sent: Sent | undefined) => void> = {
    "between joined-room and the ack": (wire, sent) => wire.say(joined("r")).remove("r", reason, { seq: 2 }).ack(sent, {}, { room: "r", seq: 3 }),
    "before the ack, without joined-room": (wire, sent) => wire.remove("r", reason).ack(sent, {}, { room: "r" }),
    "in the task of the ack": (wire, sent) => wire.say(joined("r")).ack(sent, {}, { room: "r", seq: 2 }).remove("r", reason, { seq: 3 }),
  };
  for (const [when, end] of Object.entries(orders)) {
    test(`a join rejects if the membership ends first: ${reason} ${when}`, async () => {
      const { world, wire, join, sent } = await joining();
      const rejected = assert.rejects(join, { name: "RoomError", code: reason });
      end(wire, sent);
      await rejected;
      assert.equal((await world.join("r", {}, 8)).closed, undefined, "the next join makes a new membership");
      wire.break();
      assert.deepEqual((await world.next()).accept().take()[0]?.message_body["rooms"], { r: [8, 2] });
    });
  }
}

test("listeners added right after the join hear what the room sent during the join", async () => {
  const { wire, join, sent } = await joining();
  const heard: unknown[] = [];
  const entered = join.then((room) => {
    room.on("line", (body) => heard.push(body["seq"]));
    room.onJoin((client) => heard.push(client));
    room.onGap(({ to }) => heard.push(`gap to ${to}`));
  });
  wire.say(joined("r")).say(line(2));
  wire.say({ action: "client-joined-room", message_body: { client: "anna" }, target: "r", seq: 3 });
  wire.say({ action: "gap", message_body: { epoch: 7, from: 4, to: 5 }, IsTargetClient: true, target: "me", room: "r" });
  wire.ack(sent, {}, { room: "r", seq: 6 }).say(line(7));
  await entered;
  assert.deepEqual(heard, []);
  mock.timers.tick(0);
  wire.say(line(8));
  assert.deepEqual(heard, [2, "anna", "gap to 5", 7, 8]);
});

test("too many messages during a join become a gap", async () => {
  const { wire, join, sent } = await joining();
  const heard: unknown[] = [];
  const entered = join.then((room) => {
    room.on("line", (body) => heard.push(body["seq"]));
    room.onGap((gap) => heard.push(gap));
  });
  wire.say(joined("r"));
  for (let seq = 2; seq <= 1_003; seq++) wire.say(line(seq));
  wire.ack(sent, {}, { room: "r", seq: 1_004 });
  await entered;
  mock.timers.tick(0);
  assert.deepEqual(heard, [{}, 1_002, 1_003]);
});

test("the ack of an earlier attempt proves nothing: the client checks whether it is in the room", async () => {
  for (const inside of [true, false]) {
    const { world, wire, join, sent } = await joining();
    wire.break();
    const back = (await world.next()).accept().welcome({ resumed: true });
    back.take();
    back.ack(sent);
    await settle();
    const asked = back.take();
    assert.deepEqual(actions(asked), ["list-members"]);
    if (inside) {
      back.ack(asked[0], { members: [{ client: "me", state: "online" }, { client: "anna", state: "away" }], count: 2 });
      assert.deepEqual((await join).members, ["me", "anna"]);
    } else {
      back.refuse(asked[0], "not-a-member");
      await assert.rejects(join, { code: "not-a-member" });
    }
    world.socket.close();
  }
});

test("the check is repeated if the room is busy", async () => {
  const { world, wire, join, sent } = await joining();
  wire.break();
  const back = (await world.next()).accept().welcome({ resumed: true });
  back.take();
  back.ack(sent);
  await settle();
  for (const code of ["busy", "rate-limited"]) {
    back.refuse(back.take()[0], code);
    await settle();
    mock.timers.tick(1_000);
    await settle();
  }
  back.ack(back.take()[0], { members: [{ client: "me" }], count: 1 });
  assert.equal((await join).count, 1);
});

test("a join that fails after the room admitted the client leaves the room", async () => {
  const world = new World();
  const wire = await world.start();
  const join = assert.rejects(world.socket.join("r", { create: true }), { code: "outcome-unknown" });
  await settle();
  const sent = wire.take()[0];
  const back = await world.back({ resumed: true });
  back.take();
  back.say(joined("r")).refuse(sent, "stale-id");
  await join;
  assert.deepEqual(back.take().map(({ action, target }) => [action, target]), [["leave-room", "r"]]);
});

/** The ways a membership ends. The key is the error code of later calls on the room object. */
const ends: Record<string, (world: World, room: Room) => Promise<void>> = {
  left: async (world, room) => {
    const left = room.leave();
    world.wire.ack(world.wire.take()[0]);
    await left;
  },
  kicked: async (world) => void world.wire.remove("r", "kicked"),
  closed: async (world) => void world.wire.say({ action: "room-closed", target: "r", seq: 9 }).remove("r", "closed", { seq: 10 }),
  refused: async (world) => {
    const back = await world.back({});
    back.refuse(back.take()[1], "forbidden");
  },
};

for (const [reason, end] of Object.entries(ends)) {
  test(`${reason}: the object does nothing anymore, not even to a newer membership of the same room`, async () => {
    const { world, room } = await member();
    const heard: string[] = [];
    const hear = (what: string) => () => void heard.push(what);
    const listen = () => {
      room.on("line", hear("line"));
      room.onGap(hear("gap"));
      room.onError(hear("error"));
      room.onJoin(hear("join"));
      room.onLeave(hear("leave"));
      room.onPresence(hear("presence"));
      room.onMembers(hear("members"));
      room.onRejoined(hear("rejoined"));
    };
    listen();
    const waiting = assert.rejects(room.once("line"), { code: reason });
    room.onClosed((why) => heard.push(why));
    await end(world, room);
    await waiting;
    assert.equal(room.closed, reason);
    assert.ok(heard.includes(reason));

    const newer = await world.join("r", {}, 8);
    const { wire } = world;
    wire.take();
    heard.length = 0;
    listen();
    const dead = { name: "RoomError", code: reason };
    await assert.rejects(room.send("line", {}), dead);
    await assert.rejects(room.call("count", {}), dead);
    await assert.rejects(room.sendTo("anna", "line", {}), dead);
    await assert.rejects(room.once("line"), dead);
    await assert.rejects(room.listMembers(), dead);
    await assert.rejects(room.history(), dead);
    assert.equal(room.post("line", {}), false);
    if (reason === "left") await room.leave();
    else await assert.rejects(room.leave(), dead);
    assert.deepEqual(wire.take(), [], "nothing is sent");

    const told: unknown[] = [];
    newer.on("line", (body) => told.push(body["seq"]));
    wire.say(line(5)).say({ action: "client-joined-room", message_body: { client: "anna" }, target: "r", seq: 6 });
    wire.say({ action: "client-presence", message_body: { clients: [{ client: "anna", state: "away" }] }, target: "r", seq: 7 });
    wire.say({ action: "gap", message_body: { epoch: 8, from: 8, to: 9 }, IsTargetClient: true, target: "me", room: "r" });
    wire.say({ action: "client-left-room", message_body: { client: "anna" }, target: "r", seq: 10 });
    await settle();
    assert.deepEqual(heard, []);
    assert.deepEqual(told, [5]);
    assert.deepEqual([newer.closed, newer.members, room.members.length], [undefined, ["me"], 1]);
  });
}

test("the end of a room does not end a new membership that starts at once", async () => {
  const { world, wire, room } = await member();
  let again: Promise<Room> | undefined;
  room.onClosed(() => (again = world.socket.join("r")));
  wire.say({ action: "room-closed", target: "r", seq: 3 }).remove("r", "closed", { seq: 4 });
  await settle();
  wire.admit(wire.take()[0], 8);
  assert.equal((await again)?.closed, undefined);
});

test("messages from a room that has ended do not reach the lobby", async () => {
  const { world, wire, room } = await member();
  const heard: unknown[] = [];
  world.socket.on("line", () => heard.push("line"));
  world.socket.onGap(() => heard.push("gap"));
  world.socket.onRoom(() => heard.push("room"));
  const left = room.leave();
  wire.say(line(3)).say(joined("r", 7, 4)).say(line(5, "unknown"));
  wire.say({ action: "gap", message_body: { epoch: 7 }, IsTargetClient: true, target: "me", room: "r" });
  wire.ack(wire.take()[0]);
  await left;
  wire.say(line(6));
  assert.deepEqual(heard, []);
});

test("unsent messages to a room that has ended are not sent in a newer membership", async () => {
  const slow = { limits: { message_bytes: 1000, messages_per_second: 1, burst: 4 } };
  const { world, wire, room } = await member({}, slow); // the join took one of its two tokens
  const sent = [1, 2, 3].map((n) => room.send("line", { n }));
  const rejected = sent.slice(1).map((send) => assert.rejects(send, { code: "kicked" }));
  wire.ack(wire.take()[0]);
  wire.remove("r", "kicked");
  await Promise.all([sent[0], ...rejected]);
  const again = world.socket.join("r");
  await settle();
  mock.timers.tick(10_000);
  assert.deepEqual(actions(wire.take()), ["join-room"]);
  again.catch(() => {});
});

test("a leave while offline is sent when the session resumes", async () => {
  const { world, wire, room } = await member();
  const reasons: string[] = [];
  room.onClosed((reason) => reasons.push(reason));
  room.on("line", () => reasons.push("heard"));
  const said = room.send("line", { text: "bye" });
  wire.ack(wire.take()[0]);
  await said;
  wire.break();
  const left = room.leave();
  assert.deepEqual(reasons, ["left"], "at once");
  const back = (await world.next()).accept();
  assert.deepEqual(back.take()[0]?.message_body["rooms"], {});
  back.welcome({ resumed: true }).say(line(4));
  const sent = back.take();
  assert.deepEqual(sent.map(({ action, target }) => [action, target]), [["leave-room", "r"]]);
  back.break();
  const third = (await world.next()).accept().welcome({ resumed: true });
  assert.deepEqual(actions(third.take()), ["hello", "leave-room"], "until it is answered");
  third.ack(sent[0]);
  await left;
  assert.deepEqual(reasons, ["left"]);
});

test("a leave is queued even if nothing else can be", async () => {
  for (const options of [{ queue: 1 }, { offline: "reject" as const }]) {
    const { world, wire, room } = await member(options);
    wire.break();
    if (options.queue) void room.send("line", {}).catch(() => {});
    const left = room.leave();
    const back = (await world.next()).accept().welcome({ resumed: true });
    const sent = back.take();
    assert.equal(sent.at(-1)?.action, "leave-room");
    back.ack(sent.at(-1));
    await left;
    world.socket.close();
  }
});

test("a join waits for an earlier leave, also while offline", async () => {
  const { world, wire, room } = await member();
  wire.break();
  void room.leave();
  const again = world.socket.join("r");
  const back = (await world.next()).accept().welcome({ resumed: true });
  back.ack(back.take()[1]);
  await settle();
  back.admit(back.take()[0], 7, 9);
  assert.notEqual(await again, room);
});

test("pending leaves resolve when the socket ends", async () => {
  const { world, wire, room } = await member();
  wire.break();
  const left = room.leave();
  world.socket.close();
  await left;
});

test("a canceled join is undone, unless another caller waits for it", async () => {
  const { world, wire } = await member();
  const given = new AbortController();
  const rejected = assert.rejects(world.socket.join("s", {}, { signal: given.signal }), { name: "AbortError" });
  await settle();
  const join = wire.take()[0];
  given.abort();
  await rejected;
  wire.admit(join);
  const leave = wire.take()[0];
  assert.deepEqual([leave?.action, leave?.target], ["leave-room", "s"]);
  wire.ack(leave);
  await settle();

  const shared = [world.socket.join("t", {}, { timeout: 50 }), world.socket.join("t")];
  const late = assert.rejects(shared[0]!, { name: "TimeoutError" });
  await settle();
  mock.timers.tick(50);
  await late;
  wire.admit(wire.take()[0]);
  assert.equal((await shared[1])?.name, "t");
  assert.deepEqual(wire.take(), []);

  wire.break();
  const offline = assert.rejects(world.socket.join("u", {}, { timeout: 1 }), { name: "TimeoutError" });
  mock.timers.tick(1);
  await offline;
  const back = (await world.next()).accept().welcome({ resumed: true });
  assert.ok(!actions(back.take()).includes("join-room"), "a request that was not sent stays unsent");
});

test("lost: the client rejoins the room with its parameters", async () => {
  const { wire, room } = await member();
  const told: unknown[] = [];
  room.onGap((gap) => told.push(gap));
  room.onRejoined(({ epoch }) => told.push(epoch));
  room.on("line", (body) => told.push(body["seq"]));
  room.onClosed((reason) => told.push(reason));
  wire.remove("r", "lost");
  const sent = wire.take();
  assert.deepEqual([sent[0]?.action, sent[0]?.target, sent[0]?.message_body], ["join-room", "r", { password: "p" }]);
  wire.admit(sent[0], 9).say(line(3));
  assert.deepEqual(told, [{ epoch: 7 }, 9, 3]);
});

test("lost: a room that the server added the client to ends", async () => {
  const world = new World();
  const wire = await world.start();
  const told: string[] = [];
  world.socket.onRoom((room) => room.onClosed((reason) => told.push(reason)));
  wire.say(joined("r")).remove("r", "lost");
  assert.deepEqual(told, ["lost"]);
  assert.deepEqual(wire.take(), []);
});

test("a rejoin that only an earlier answer confirms is checked", async () => {
  for (const inside of [true, false]) {
    const { world, room } = await member();
    const back = await world.back({});
    const join = back.take()[1];
    const third = await world.back({ resumed: true });
    assert.deepEqual(actions(third.take()), ["hello", "join-room"]);
    third.ack(join);
    await settle();
    const asked = third.take();
    assert.deepEqual(actions(asked), ["list-members"]);
    if (inside) third.ack(asked[0], { members: [{ client: "me" }], count: 1 });
    else third.refuse(asked[0], "not-a-member");
    await settle();
    assert.equal(room.closed, inside ? undefined : "refused");
    world.socket.close();
  }
});

test("a rejoin is repeated if the room is busy", async () => {
  for (const code of ["busy", "rate-limited"]) {
    const { world, room } = await member();
    const back = await world.back({});
    back.refuse(back.take()[1], code);
    assert.equal(room.closed, undefined);
    mock.timers.tick(1_000);
    back.admit(back.take()[0], 9);
    assert.deepEqual([room.welcome.epoch, room.closed], [9, undefined]);
    world.socket.close();
  }
});
