import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { type Gap, RoomError } from "../src/simplysocket.js";
import { type Sent, World, fakeTime, settle } from "./fake.js";

beforeEach(fakeTime);
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

const actions = (sent: Sent[]) => sent.map(({ action }) => action);
const ids = (sent: Sent[]) => sent.map(({ id }) => id);

/** A client in room r, epoch 7, that records what it hears there. */
async function member() {
  const world = new World();
  const wire = await world.start();
  const room = await world.join("r", { password: "p", create: true }); // joined-room has seq 1, its ack has 2
  const heard: unknown[] = [];
  room.on("line", ({ n }, { seq }) => heard.push(seq ?? n));
  room.onGap((gap) => heard.push(gap));
  return { world, wire, room, heard };
}

const placed = (room: string, count: number) => ({
  action: "joined-room",
  message_body: { epoch: 5, seq: 1, count },
  IsTargetClient: true,
  target: "me",
  room,
  seq: 1,
});

const line = (seq: number) => ({ action: "line", target: "r", sender: "anna", seq });

test("hello has the newest token, and the positions of each room and of directed messages", async () => {
  const { world, wire } = await member();
  await world.join("s", {}, 9, 40);
  wire.say(line(5)).say({ action: "news", IsTargetClient: true, target: "me", n: 3 });
  wire.break();
  const second = (await world.next()).accept();
  assert.deepEqual(second.take(), [
    { action: "hello", message_body: { features: ["set-info"], session: "token-1", rooms: { r: [7, 5], s: [9, 41] }, direct: 3 } },
  ]);
  second.welcome({ session: "token-2", resumed: true });
  second.break();
  assert.equal((await world.next()).accept().take()[0]?.message_body["session"], "token-2");
});

test("a connection that breaks before the welcome changes nothing", async () => {
  const { world, wire } = await member();
  wire.break();
  (await world.next()).accept().break();
  assert.equal((await world.next()).accept().take()[0]?.message_body["session"], "token-1");
});

test("resumed: missed messages follow, duplicates are dropped", async () => {
  const { world, wire, room, heard } = await member();
  wire.say(line(3)).say(line(5));
  const back = await world.back({ resumed: true });
  for (const seq of [3, 5, 6, 6, 9]) back.say(line(seq));
  assert.deepEqual(heard, [3, 5, 6, 9]);
  assert.equal(world.socket.id, "me");
  assert.deepEqual(actions(back.take()), ["hello"], "the rooms stay joined");
  assert.deepEqual(room.members, ["me"]);
});

test("resumed: duplicates of directed messages are dropped by number, those of joins and leaves by position", async () => {
  const { world, wire, room } = await member();
  const heard: unknown[] = [];
  world.socket.on("news", (_, { sender }) => heard.push(sender));
  const news = (n: number) => ({ action: "news", IsTargetClient: true, target: "me", sender: `n${n}`, n });
  const joined = { action: "client-joined-room", message_body: { client: "anna" }, target: "r", seq: 4 };
  wire.say(news(1)).say(joined);
  const back = await world.back({ resumed: true });
  back.say(news(1)).say(news(2)).say(joined);
  assert.deepEqual(heard, ["n1", "n2"]);
  assert.deepEqual(room.members, ["me", "anna"]);
});

test("resumed: a gap is reported before newer messages, and its positions are not requested again", async () => {
  const { world, wire, heard } = await member();
  wire.say(line(3));
  const back = await world.back({ resumed: true });
  back.say({ action: "gap", message_body: { epoch: 7, from: 4, to: 10 }, IsTargetClient: true, target: "me", room: "r" });
  back.say(line(11));
  assert.deepEqual(heard, [3, { epoch: 7, from: 4, to: 10 }, 11]);
  back.say({ action: "gap", message_body: { epoch: 7, from: 12, to: 20 }, IsTargetClient: true, target: "me", room: "r" });
  back.break();
  const hello = (await world.next()).accept().take()[0];
  assert.deepEqual(hello?.message_body["rooms"], { r: [7, 20] });
});

test("resumed: after a gap of a whole epoch, positions start over", async () => {
  const { world, wire, heard } = await member();
  wire.say(line(30));
  const back = await world.back({ resumed: true });
  back.say({ action: "gap", message_body: { epoch: 7 }, IsTargetClient: true, target: "me", room: "r" });
  back.say(line(2)).say(line(2));
  assert.deepEqual(heard, [30, { epoch: 7 }, 2]);
});

test("resumed: a gap in directed messages", async () => {
  const world = new World();
  await world.start();
  const gaps: Gap[] = [];
  world.socket.onGap((gap) => gaps.push(gap));
  const back = await world.back({ resumed: true });
  back.say({ action: "gap", message_body: { from: 1, to: 4 }, IsTargetClient: true, target: "me" });
  assert.deepEqual(gaps, [{ from: 1, to: 4 }]);
  back.break();
  assert.equal((await world.next()).accept().take()[0]?.message_body["direct"], 4);
});

test("resumed: after a gap the members are listed again, one request at a time", async () => {
  const { wire, room } = await member();
  wire.say({ action: "client-joined-room", message_body: { client: "anna" }, target: "r", seq: 3 }).take();
  const gap = (from: number, to: number) =>
    wire.say({ action: "gap", message_body: { epoch: 7, from, to }, IsTargetClient: true, target: "me", room: "r" });
  gap(4, 5);
  gap(7, 9);
  const asked = wire.take();
  assert.deepEqual(actions(asked), ["list-members"]);
  wire.ack(asked[0], { members: [{ client: "me" }, { client: "bert" }], count: 2 }, { room: "r", seq: 10 });
  await settle();
  assert.deepEqual(room.members, ["me", "bert"]);
  gap(11, 12);
  assert.deepEqual(actions(wire.take()), ["list-members"]);
});

test("resumed: unanswered messages are sent again with their IDs, in order, before new ones", async () => {
  const { world, wire, room } = await member();
  const done: string[] = [];
  for (const text of ["a", "b", "c"]) void room.send("line", { text }).then(() => done.push(text));
  const first = wire.take();
  wire.ack(first[0], {}, { room: "r", seq: 3 });
  wire.break();
  void room.send("line", { text: "new" }).then(() => done.push("new"));
  const back = (await world.next()).accept().welcome({ resumed: true });
  const again = back.take().slice(1);
  assert.deepEqual(again.slice(0, 2), first.slice(1));
  assert.deepEqual(again[2]?.message_body, { text: "new" });
  assert.deepEqual(ids(again), [3, 4, 5]);
  for (const sent of again) back.ack(sent);
  await settle();
  assert.deepEqual(done, ["a", "b", "c", "new"]);
});

test("resumed: unanswered messages survive several breaks", async () => {
  const { world, wire, room } = await member();
  const sent = room.send("line", { text: "a" });
  const first = wire.take();
  for (let i = 0; i < 3; i++) {
    const back = await world.back({ resumed: true });
    assert.deepEqual(back.take().slice(1), first);
  }
  world.wire.ack(first[0]);
  await sent;
});

test("resumed: a message is not sent again if its answer is among the missed messages", async () => {
  const world = new World();
  const wire = await world.start();
  const rate = { limits: { message_bytes: 1000, rooms: 9, messages_per_second: 1, burst: 2 }, resumed: true };
  const first = world.socket.send("a", {});
  const second = world.socket.send("b", {});
  const sent = wire.take();
  wire.break();
  const back = (await world.next()).accept().welcome(rate);
  assert.deepEqual(ids(back.take()), [undefined, 1], "the second waits for its turn");
  for (const message of sent) back.ack(message);
  await Promise.all([first, second]);
  mock.timers.tick(5_000);
  assert.deepEqual(back.take(), []);
});

test("resumed: the answer to a resent message counts whatever its position is, and its position is not recorded", async () => {
  const { world, wire, room, heard } = await member();
  const calls = [room.call("count", {}), room.call("count", {})];
  const [first, second] = wire.take();
  const back = await world.back({ resumed: true });
  back.say({ action: "gap", message_body: { epoch: 7, from: 3, to: 20 }, IsTargetClient: true, target: "me", room: "r" });
  back.ack(first, { seen: 1 }, { room: "r", seq: 5 });
  back.ack(second, { seen: 2 }, { room: "r", seq: 30 });
  back.say(line(25));
  assert.deepEqual(await Promise.all(calls), [{ seen: 1 }, { seen: 2 }]);
  assert.deepEqual(heard.at(-1), 25, "the missed messages arrived later");
  back.ack(first, { seen: 3 }, { room: "r", seq: 5 }); // ignored now
});

test("resumed: an answer that the server no longer has", async () => {
  const { world, wire, room } = await member();
  const sent = assert.rejects(room.send("line", {}), { code: "outcome-unknown" });
  const [message] = wire.take();
  (await world.back({ resumed: true })).refuse(message, "stale-id");
  await sent;
});

test("resumed: a removal during the absence is reported", async () => {
  const { world, room } = await member();
  const reasons: string[] = [];
  room.onClosed((reason) => reasons.push(reason));
  const back = await world.back({ resumed: true });
  back.say({ action: "left-room", message_body: { reason: "kicked" }, IsTargetClient: true, target: "me", room: "r" });
  assert.deepEqual(reasons, ["kicked"]);
  back.break();
  assert.deepEqual((await world.next()).accept().take()[0]?.message_body["rooms"], {});
});

test("not resumed: gaps, outcome-unknown, and the rooms are rejoined before waiting messages are sent", async () => {
  const { world, wire, room, heard } = await member();
  const lobby: Gap[] = [];
  world.socket.onGap((gap) => lobby.push(gap));
  const unknown = assert.rejects(room.send("line", { text: "sent" }), (error) => {
    assert.ok(error instanceof RoomError);
    assert.equal(error.code, "outcome-unknown");
    return true;
  });
  wire.break();
  const waiting = room.send("line", { text: "waiting" });
  room.onGap(() => void room.call("history", {}).catch(() => {}));
  const back = (await world.next()).accept().welcome({ client: "me-2", session: "token-2" });
  await unknown;
  const sent = back.take().slice(1);
  assert.deepEqual(actions(sent), ["join-room", "line", "history"]);
  assert.deepEqual(sent[0]?.message_body, { password: "p" }, "create applies to the first join only");
  assert.deepEqual(sent[0]?.target, "r");
  assert.ok(ids(sent).every((id, i, all) => i === 0 || id! > all[i - 1]!));
  assert.deepEqual(heard, [{ epoch: 7 }]);
  assert.deepEqual(lobby, [{}]);
  assert.equal(world.socket.id, "me-2");

  back.admit(sent[0], 11, 1, ["anna", "me-2"]);
  mock.timers.tick(0);
  back.say(line(2)).say(line(3)).ack(sent[1], {}, { room: "r", seq: 4 });
  await waiting;
  assert.deepEqual(heard, [{ epoch: 7 }, 3], "positions count in the new epoch");
  assert.deepEqual(room.members, ["anna", "me-2"]);
  back.break();
  assert.deepEqual((await world.next()).accept().take()[0]?.message_body["rooms"], { r: [11, 4] });
});

test("not resumed: the gap is reported when the socket is connected", async () => {
  const { world, room } = await member();
  let state = "";
  room.onGap(() => (state = world.socket.state));
  await world.back({});
  assert.equal(state, "connected");
});

test("not resumed: a room that refuses the rejoin ends and reports why", async () => {
  const { world, room } = await member();
  const told: string[] = [];
  room.onError(({ code }) => told.push(code));
  room.onClosed((reason) => told.push(reason));
  const back = await world.back({});
  back.refuse(back.take()[1], "room-full");
  assert.deepEqual(told, ["room-full", "refused"]);
  back.break();
  const third = (await world.next()).accept().welcome({});
  assert.deepEqual(actions(third.take()), ["hello"]);
});

test("not resumed twice: a rejoin without an answer is repeated", async () => {
  const { world, room } = await member();
  const told: unknown[] = [];
  room.onError((error) => told.push(error));
  room.onClosed((reason) => told.push(reason));
  await world.back({});
  const third = await world.back({});
  assert.deepEqual(actions(third.take()), ["hello", "join-room"]);
  assert.deepEqual(told, []);
});

test("not resumed: a join in progress continues in the new session, unless the room must be new", async () => {
  const world = new World();
  const wire = await world.start();
  const joins = ["sent", "half"].map((name) => world.socket.join(name));
  const unknown = assert.rejects(world.socket.join("new", { create: true }), { code: "outcome-unknown" });
  await settle();
  // The room has admitted the client, but the answer is still missing.
  wire.say(placed("half", 1));
  wire.break();
  joins.push(world.socket.join("waiting"));
  const back = (await world.next()).accept().welcome({});
  await unknown;
  await settle();
  const sent = back.take().slice(1);
  assert.deepEqual(sent.map(({ target }) => target).sort(), ["half", "sent", "waiting"]);
  for (const join of sent) back.admit(join, 11);
  assert.deepEqual((await Promise.all(joins)).map(({ name }) => name), ["sent", "half", "waiting"]);
  assert.deepEqual((await joins[1])?.welcome.epoch, 11);
});

test("not resumed: a leave in progress is done", async () => {
  const { world, wire, room } = await member();
  const left = room.leave();
  wire.break();
  const back = (await world.next()).accept().welcome({});
  await left;
  assert.deepEqual(actions(back.take()), ["hello"]);
});

test("not resumed: a waiting leave is no longer needed", async () => {
  const { world, wire, room } = await member();
  wire.break();
  const left = room.leave();
  const back = (await world.next()).accept().welcome({});
  await left;
  assert.deepEqual(actions(back.take()), ["hello"]);
});

test("not resumed: rooms that the server added the client to are lost", async () => {
  const world = new World();
  const wire = await world.start();
  const told: string[] = [];
  world.socket.onRoom((room) => {
    told.push(`${room.name} of ${room.count}`);
    room.onClosed((reason) => told.push(reason));
  });
  wire.say(placed("game/1", 3));
  const back = await world.back({});
  assert.deepEqual(actions(back.take()), ["hello"]);
  back.say(placed("game/1", 3));
  assert.deepEqual(told, ["game/1 of 3", "lost", "game/1 of 3"]);
});
