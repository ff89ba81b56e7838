import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { World, fakeTime, settle } from "./fake.js";

beforeEach(fakeTime);
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

async function member(members = ["anna", "me"]) {
  const world = new World();
  const wire = await world.start();
  const room = await world.join("r", {}, 7, 1, members);
  return { world, wire, room };
}

test("a join resolves with the state of the room", async () => {
  const { room } = await member();
  assert.equal(room.name, "r");
  assert.equal(room.count, 2);
  assert.deepEqual(room.members, ["anna", "me"]);
  assert.equal(room.welcome["message"], "Welcome client me");
});

test("a refused join rejects with the server's code and can be repeated", async () => {
  const world = new World();
  const wire = await world.start();
  const joining = world.socket.join("r", { password: "wrong" });
  await settle();
  const [sent] = wire.take();
  assert.deepEqual(sent, { action: "join-room", message_body: { password: "wrong" }, target: "r", id: 1 });
  wire.refuse(sent, "forbidden");
  await assert.rejects(joining, { name: "RoomError", code: "forbidden", message: "forbidden" });
  assert.equal((await world.join("r", { password: "right" })).name, "r");
});

test("presence and info of members", async () => {
  const { wire, room } = await member();
  const told: unknown[] = [];
  room.onPresence((client, presence) => told.push([client, presence]));
  let changes = 0;
  room.onMembers(() => changes++);
  assert.deepEqual(room.presence("anna"), { state: "online" });
  assert.equal(room.presence("nobody"), undefined);
  const news = { action: "client-presence", target: "r", sender: "server" };
  wire.say({
    ...news,
    message_body: { clients: [{ client: "anna", state: "away", info: { n: 1 } }, { client: "nobody", state: "away" }] },
    seq: 3,
  });
  await settle();
  assert.deepEqual(room.presence("anna"), { state: "away", info: { n: 1 } });
  assert.equal(room.presence("nobody"), undefined);
  assert.deepEqual(told, [["anna", { state: "away", info: { n: 1 } }]]);
  assert.equal(changes, 1);
  wire.say({ action: "client-joined-room", message_body: { client: "bert", info: { n: 2 } }, target: "r", sender: "server", seq: 4 });
  await settle();
  assert.deepEqual(room.presence("bert"), { state: "online", info: { n: 2 } });
  wire.say({ action: "client-left-room", message_body: { client: "anna", reason: "dropped" }, target: "r", sender: "server", seq: 5 });
  await settle();
  assert.equal(room.presence("anna"), undefined);
});

test("joining a room twice makes one membership", async () => {
  const world = new World();
  const wire = await world.start();
  const both = [world.socket.join("r"), world.socket.join("r")];
  await settle();
  const sent = wire.take();
  assert.equal(sent.length, 1);
  wire.admit(sent[0]);
  const [first, second] = await Promise.all(both);
  assert.equal(first, second);
  assert.equal(await world.socket.join("r"), first);
  assert.deepEqual(wire.take(), []);
});

test("a caller that awaits a join misses nothing, even from the same task", async () => {
  const world = new World();
  const wire = await world.start();
  const heard: unknown[] = [];
  const joined = (async () => {
    const room = await world.socket.join("r");
    room.on("line", (body) => heard.push(body["n"]));
  })();
  await settle();
  wire.admit(wire.take()[0]);
  wire.say({ action: "line", message_body: { n: 1 }, target: "r", seq: 3 });
  wire.say({ action: "line", message_body: { n: 2 }, target: "r", seq: 4 });
  wire.break();
  assert.deepEqual(heard, []);
  await joined;
  mock.timers.tick(0);
  assert.deepEqual(heard, [1, 2]);
  assert.equal(world.socket.state, "offline");
  assert.deepEqual((await world.next()).accept().take()[0]?.message_body["rooms"], { r: [7, 4] });
});

test("members join and leave", async () => {
  const { wire, room } = await member();
  const told: string[] = [];
  room.onJoin((client, { body }) => told.push(`+${client} ${body["message"]}`));
  const end = room.onLeave((client, { body }) => told.push(`-${client} ${body["reason"]}`));
  room.onMembers(() => told.push(`${room.count}`));
  const before = room.members;
  wire.say({ action: "client-joined-room", message_body: { client: "bert", message: "hi" }, target: "r", seq: 3 });
  wire.say({ action: "client-left-room", message_body: { client: "anna", reason: "dropped" }, target: "r", seq: 4 });
  assert.deepEqual(room.members, ["me", "bert"]);
  assert.deepEqual(before, ["anna", "me"], "an earlier list does not change");
  end();
  wire.say({ action: "client-left-room", message_body: { client: "bert", reason: "left" }, target: "r", seq: 5 });
  wire.say({ action: "room-count", message_body: { count: 417 }, target: "r", seq: 6 });
  assert.equal(room.count, 417);
  assert.deepEqual(told, ["3", "+bert hi", "2", "-anna dropped", "1", "417"]);
});

test("a member that is already in the list is not counted again", async () => {
  const { wire, room } = await member();
  const told: string[] = [];
  room.onJoin((client) => told.push(client));
  wire.say({ action: "client-joined-room", message_body: { client: "anna" }, target: "r", seq: 3 });
  assert.deepEqual([room.members, room.count, told], [["anna", "me"], 2, ["anna"]]);
});

test("a room with its own code may use client-joined-room differently", async () => {
  const { wire, room } = await member();
  const heard: unknown[] = [];
  room.on("client-joined-room", (body) => heard.push(body));
  wire.say({ action: "client-joined-room", message_body: { note: "somebody came" }, target: "r", seq: 3 });
  assert.deepEqual(heard, [{ note: "somebody came" }]);
  assert.equal(room.count, 2);
});

test("messages to the room, to this client through the room, and to a member", async () => {
  const { world, wire, room } = await member();
  const heard: unknown[] = [];
  room.on("line", (body, message) => heard.push({ ...message, same: message.body === body }));
  world.socket.on("line", () => heard.push("not of the lobby"));
  wire.say({ action: "line", message_body: { n: 1 }, target: "r", sender: "anna", seq: 3, time: 99 });
  wire.say({ action: "line", message_body: { n: 2 }, IsTargetClient: true, target: "me", room: "r", sender: "anna", seq: 4 });
  assert.deepEqual(heard, [
    { action: "line", body: { n: 1 }, sender: "anna", direct: false, seq: 3, time: 99, same: true },
    { action: "line", body: { n: 2 }, sender: "anna", direct: true, seq: 4, same: true },
  ]);
  const sent = room.sendTo("anna", "line", { n: 3 });
  const [message] = wire.take();
  assert.deepEqual(message, { action: "line", message_body: { n: 3 }, target: "anna", IsTargetClient: true, room: "r", id: 2 });
  wire.refuse(message, "unknown-client", { room: "r", seq: 5 });
  await assert.rejects(sent, { code: "unknown-client" });
});

test("the lobby, and messages from outside any room", async () => {
  const { world, wire } = await member();
  const heard: unknown[] = [];
  world.socket.on("news", (_, { direct }) => heard.push(direct));
  world.socket.on("joined-room", () => heard.push("welcome to the lobby"));
  world.socket.onRoom(() => heard.push("not a room"));
  wire.say({ action: "news", target: "lobby", sender: "anna", seq: 12 });
  wire.say({ action: "news", IsTargetClient: true, target: "me", n: 1 });
  const body = { epoch: 1, seq: 1 };
  wire.say({ action: "joined-room", IsTargetClient: true, target: "me", room: "lobby", message_body: body, seq: 1 });
  assert.deepEqual(heard, [false, true, "welcome to the lobby"]);
});

test("leaving", async () => {
  const { world, wire, room } = await member();
  const reasons: string[] = [];
  room.onClosed((reason) => reasons.push(reason));
  const left = room.leave();
  assert.equal(room.leave(), left);
  const again = world.socket.join("r");
  const sent = wire.take();
  assert.deepEqual(sent, [{ action: "leave-room", message_body: {}, target: "r", id: 2 }], "the join waits");
  wire.say({ action: "left-room", message_body: { reason: "left" }, IsTargetClient: true, target: "me", room: "r", seq: 3 });
  wire.ack(sent[0], {}, { room: "r", seq: 4 });
  await left;
  assert.deepEqual(reasons, ["left"]);
  await settle();
  wire.admit(wire.take()[0], 7, 9);
  const other = await again;
  assert.notEqual(other, room);
  mock.timers.tick(0);
  wire.break();
  assert.deepEqual((await world.next()).accept().take()[0]?.message_body["rooms"], { r: [7, 10] });
});

for (const code of ["rate-limited", "busy", "not-a-member", "internal"]) {
  test(`a leave that is refused with ${code} still resolves, and is repeated only if that can help`, async () => {
    const { wire, room } = await member();
    const left = room.leave();
    wire.refuse(wire.take()[0], code);
    await settle();
    mock.timers.tick(1_000);
    const again = wire.take();
    assert.deepEqual(again.map(({ action }) => action), code === "rate-limited" || code === "busy" ? ["leave-room"] : []);
    if (again[0]) wire.ack(again[0]);
    await left;
  });
}

const out = (reason: string, seq: number) => ({
  action: "left-room",
  message_body: { reason },
  IsTargetClient: true,
  target: "me",
  room: "r",
  seq,
});

for (const [reason, envelopes] of Object.entries({
  kicked: [out("kicked", 9)],
  closed: [{ action: "room-closed", target: "r", seq: 9 }, out("closed", 10)],
})) {
  test(`${reason}: the membership ends for good`, async () => {
    const { world, wire, room } = await member();
    const reasons: string[] = [];
    room.onClosed((why) => reasons.push(why));
    for (const envelope of envelopes) wire.say(envelope);
    assert.deepEqual(reasons, [reason]);
    const back = await world.back({});
    assert.deepEqual(back.take().map(({ action }) => action), ["hello"], "it is not rejoined");
  });
}

test("a list of rooms, page by page", async () => {
  const { world, wire } = await member();
  const first = world.socket.listRooms();
  const page = { rooms: [{ name: "r", members: 2 }], count: 2, next: "r" };
  const [sent] = wire.take();
  assert.deepEqual(sent, { action: "list-rooms", message_body: {}, target: "", id: 2 });
  wire.ack(sent, page);
  assert.deepEqual(await first, page);
  void world.socket.listRooms({ after: "r" });
  assert.deepEqual(wire.take()[0]?.message_body, { after: "r" });
});
