// After messages were lost, the client shows the right state of a room again.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import type { AnyMessage } from "../src/simplysocket.js";
import { type Sent, World, elapse, fakeTime, settle } from "./fake.js";
import { transcript } from "./samples/transcript.js";

beforeEach(fakeTime);
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

const actions = (sent: Sent[]) => sent.map(({ action }) => action);
const line = (seq: number) => ({ action: "line", target: "r", sender: "anna", seq });
const toMe = { IsTargetClient: true, target: "me", room: "r" };
const item = (client: string, state = "online") => ({ client, state });
const rejoined = (epoch: number, seq: number, clients: string[]) => ({
  ...toMe,
  action: "joined-room",
  message_body: { epoch, seq, count: clients.length, members: clients.map((client) => item(client)), word: `in ${epoch}` },
  seq,
});

async function member(clients = ["anna", "me"]) {
  const world = new World();
  const wire = await world.start();
  const room = await world.join("r", {}, 7, 1, clients);
  const heard: unknown[] = [];
  room.on("line", (_, { seq }) => heard.push(seq));
  room.onGap((gap) => heard.push(gap));
  room.onRejoined((welcome) => heard.push([welcome.epoch, welcome["word"], room.welcome["word"], room.count]));
  return { world, wire, room, heard };
}

test("after the end of an epoch, positions count in the epoch of joined-room, also after a second reconnect", async () => {
  const { world, wire, room, heard } = await member();
  wire.say(line(30));
  const back = await world.back({ resumed: true });
  back.say({ ...toMe, action: "gap", message_body: { epoch: 7 } });
  back.say(rejoined(8, 2, ["me", "bert"])).say(line(3)).say(line(3));
  assert.deepEqual(heard, [30, { epoch: 7 }, [8, "in 8", "in 8", 2], 3]);
  assert.deepEqual(room.members, ["me", "bert"]);
  back.break();
  const third = (await world.next()).accept();
  assert.deepEqual(third.take()[0]?.message_body["rooms"], { r: [8, 3] });
  third.welcome({ resumed: true }).say(line(3)).say(line(4));
  assert.deepEqual(heard.slice(4), [4]);
});

test("if the connection breaks between the end of an epoch and joined-room, the server repeats both", async () => {
  const { world, wire, heard } = await member();
  wire.say(line(30)).say({ ...toMe, action: "gap", message_body: { epoch: 7 } });
  wire.break();
  const back = (await world.next()).accept();
  assert.deepEqual(back.take()[0]?.message_body["rooms"], { r: [7, 0] });
  back.welcome({ resumed: true }).say({ ...toMe, action: "gap", message_body: { epoch: 7 } });
  back.say(rejoined(8, 2, ["me"])).say(line(3));
  assert.deepEqual(heard.slice(-2), [[8, "in 8", "in 8", 1], 3]);
});

test("positions can start over in the same epoch", async () => {
  const { world, wire, heard } = await member();
  wire.say(line(30));
  const back = await world.back({ resumed: true });
  back.say({ ...toMe, action: "gap", message_body: { epoch: 7 } }).say(rejoined(7, 4, ["me"])).say(line(5));
  assert.deepEqual(heard, [30, { epoch: 7 }, [7, "in 7", "in 7", 1], 5]);
});

test("neither the first joined-room nor a repeated one is a rejoin", async () => {
  const { world, heard } = await member();
  const back = await world.back({ resumed: true });
  back.say(rejoined(7, 1, ["me"]));
  assert.deepEqual(heard, []);
});

test("not resumed: the rejoin is reported, with the new welcome", async () => {
  const { world, heard } = await member();
  const back = await world.back({});
  back.admit(back.take()[1], 9);
  assert.deepEqual(heard, [{ epoch: 7 }, [9, undefined, undefined, 1]]);
});

test("after a gap, members, presence and count are right, however often the list is refused", async () => {
  const { wire, room } = await member();
  let changes = 0;
  room.onMembers(() => changes++);
  wire.say({ ...toMe, action: "gap", message_body: { epoch: 7, from: 3, to: 9 } });
  for (const code of ["busy", "rate-limited"]) {
    const [asked] = wire.take();
    assert.equal(asked?.action, "list-members");
    wire.refuse(asked, code);
    await settle();
    mock.timers.tick(1_000);
  }
  wire.ack(wire.take()[0], { members: [item("me"), item("bert", "away")], count: 2 }, { room: "r", seq: 10 });
  await settle();
  assert.deepEqual([room.members, room.count, room.presence("bert")?.state, changes], [["me", "bert"], 2, "away", 1]);
});

test("a list from before a gap is requested again", async () => {
  const { world, wire, room } = await member();
  const gap = (from: number, to: number) => ({ ...toMe, action: "gap", message_body: { epoch: 7, from, to } });
  wire.say(gap(3, 4));
  const [asked] = wire.take();
  const back = await world.back({ resumed: true });
  back.take();
  back.say(gap(5, 9)).ack(asked, { members: [item("me"), item("anna")], count: 2 });
  await settle();
  back.ack(back.take()[0], { members: [item("me")], count: 1 });
  await settle();
  assert.deepEqual(room.members, ["me"]);
  assert.deepEqual(back.take(), []);
});

test("the list is requested even if the queue is full", async () => {
  const world = new World({ queue: 1 });
  const wire = await world.start({ limits: { message_bytes: 1000, messages_per_second: 1, burst: 2 } });
  await world.join("r");
  const sent = world.socket.send("line", {});
  wire.say({ ...toMe, action: "gap", message_body: { epoch: 7, from: 3, to: 9 } });
  elapse(3_000);
  const asked = wire.take();
  assert.deepEqual(actions(asked), ["line", "list-members"]);
  wire.ack(asked[0]);
  await sent;
});

test("a client that leaves twice is counted once, even if the list does not include it", async () => {
  const { wire, room } = await member();
  const gone = { action: "client-left-room", message_body: { client: "anna" }, target: "r" };
  wire.say({ ...gone, seq: 3 }).say({ ...gone, seq: 4 });
  assert.deepEqual([room.count, room.members], [1, ["me"]]);
  wire.say({ ...toMe, action: "joined-room", message_body: { epoch: 8, seq: 1, count: 300, members: [item("me")], next: 1 }, seq: 1 });
  wire.say({ ...gone, seq: 2 });
  assert.equal(room.count, 299);
});

test("the first announcement of a room that was too large for announcements makes the client list its members", async () => {
  const { wire, room } = await member();
  wire.say({ action: "room-count", message_body: { count: 201 }, target: "r", seq: 3 });
  assert.deepEqual(wire.take(), []);
  wire.say({ action: "client-left-room", message_body: { client: "zoe" }, target: "r", seq: 4 });
  assert.deepEqual([room.count, actions(wire.take())], [200, ["list-members"]]);
});

test("a change of presence creates a new array, an ordinary message does not", async () => {
  const { wire, room } = await member();
  const before = room.members;
  wire.say(line(3));
  assert.equal(room.members, before);
  wire.say({ action: "client-presence", message_body: { clients: [item("anna", "away")] }, target: "r", seq: 4 });
  assert.notEqual(room.members, before);
  assert.deepEqual(room.members, before);
});

const kept = (...seqs: number[]) => seqs.map((seq) => ({ action: "line", message_body: { seq }, target: "r", sender: "anna", seq }));

test("history: the newest messages, over several pages", async () => {
  const { wire, room } = await member();
  const seqs = async (options: { before?: number; limit?: number }, ...pages: Record<string, unknown>[]) => {
    const asked: unknown[] = [];
    const history = room.history(options);
    for (const page of pages) {
      await settle();
      const [sent] = wire.take();
      asked.push(sent?.message_body);
      wire.ack(sent, { epoch: 7, ...page });
    }
    const { messages, ...rest } = await history;
    return { asked, seqs: messages.map(({ seq }) => seq), ...rest };
  };
  const older = { messages: kept(3, 4), complete: true };
  const newer = { messages: kept(5, 6, 7), next: 5, complete: false };
  assert.deepEqual(await seqs({ limit: 2 }, newer), { asked: [{}], seqs: [6, 7], epoch: 7, next: 6, complete: false });
  assert.deepEqual(await seqs({ limit: 3 }, newer), { asked: [{}], seqs: [5, 6, 7], epoch: 7, next: 5, complete: false });
  assert.deepEqual(await seqs({}, newer, older), { asked: [{}, { before: 5 }], seqs: [3, 4, 5, 6, 7], epoch: 7, complete: true });
  assert.deepEqual(await seqs({ before: 5 }, older), { asked: [{ before: 5 }], seqs: [3, 4], epoch: 7, complete: true });
  assert.deepEqual(await seqs({}, { messages: [null, 5, {}, ...kept(9)], next: "x" }), { asked: [{}], seqs: [9], epoch: 7, complete: false });
  assert.deepEqual(await seqs({}, {}), { asked: [{}], seqs: [], epoch: 7, complete: false });
});

test("the transcript of the README shows each message once, in order, whatever is lost", async () => {
  const { world, wire, room } = await member();
  let shown: (number | undefined)[] = [];
  const said = (seq: number) => ({ ...line(seq), action: "send-message", message_body: { message: `m${seq}` } });
  const page = (...seqs: number[]) => ({ epoch: 7, messages: seqs.map(said), complete: true });
  const filled = transcript(room as never, (messages: AnyMessage<unknown>[]) => (shown = (messages as { seq?: number }[]).map(({ seq }) => seq)));
  wire.say(said(5));
  wire.ack(wire.take()[0], page(3, 4, 5));
  await filled;
  assert.deepEqual(shown, [3, 4, 5]);
  wire.say({ ...toMe, action: "gap", message_body: { epoch: 7, from: 6, to: 8 } }).say(said(9));
  const [, history] = wire.take().sort((a, b) => b.action.localeCompare(a.action));
  wire.ack(history, page(3, 4, 5, 7, 8, 9));
  await settle();
  assert.deepEqual(shown, [3, 4, 5, 7, 8, 9]);
  const back = await world.back({});
  const [join, again] = back.take().slice(1);
  assert.deepEqual([join?.action, again?.action], ["join-room", "history"]);
  back.admit(join, 9).say(said(3)).ack(again, page(2, 3));
  await settle();
  assert.deepEqual(shown, [2, 3]);
});
