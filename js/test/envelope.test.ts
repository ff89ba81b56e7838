import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decode, encode, withID } from "../src/envelope.js";

interface Vector {
  name: string;
  in: string;
  action: string;
  body: string;
  isTargetClient?: true;
  target?: string;
  room?: string;
  id?: number;
  error?: true;
}

const vectors: Vector[] = JSON.parse(readFileSync("../protocol/testdata/envelopes.json", "utf8"));

// Only the server refuses the invalid ones: a client reads nothing from other clients
// directly.
for (const vector of vectors.filter(({ error }) => !error)) {
  test(`envelope: ${vector.name}`, () => {
    const read = decode(vector.in);
    const { action, isTargetClient = false, target = "", room, id } = vector;
    assert.ok(read);
    assert.deepEqual([read.action, read.IsTargetClient, read.target, read.room], [action, isTargetClient, target, room]);
    assert.deepEqual(read.message_body, JSON.parse(vector.body));

    const address = { target, ...(isTargetClient && { IsTargetClient: isTargetClient }), ...(room !== undefined && { room }) };
    const text = encode(action, read.message_body, address);
    const written = JSON.parse(id === undefined ? text : withID(text, id));
    const body = JSON.parse(JSON.stringify(read.message_body)); // with the precision of JavaScript numbers
    assert.deepEqual(written, { action, message_body: body, ...address, ...(id !== undefined && { id }) });
  });
}

test("every server frame in the protocol document can be decoded", () => {
  const document = readFileSync("../docs/protocol.md", "utf8");
  const frames = [...document.matchAll(/^```json server\n(.*?)^```$/gms)].flatMap((block) => block[1]!.trim().split("\n"));
  assert.ok(frames.length > 10);
  for (const frame of frames) assert.deepEqual(decode(frame), JSON.parse(frame));
});
