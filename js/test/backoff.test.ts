import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";
import { Backoff } from "../src/backoff.js";

afterEach(() => mock.restoreAll());

test("full jitter, with a limit that doubles up to 15 s", () => {
  const random = mock.method(Math, "random", () => 1);
  const backoff = new Backoff();
  const delays = Array.from({ length: 8 }, () => backoff.next(1006, 0, false)?.delay);
  assert.deepEqual(delays, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  random.mock.mockImplementation(() => 0);
  assert.equal(backoff.next(1006, 0, false)?.delay, 0);
});

test("starts over only after a connection that lasted", () => {
  mock.method(Math, "random", () => 1);
  const backoff = new Backoff();
  backoff.next(1006, 0, false);
  assert.equal(backoff.next(1006, 14_999, false)?.delay, 500);
  assert.equal(backoff.next(1006, 15_000, false)?.delay, 250);
});

test("a second outage soon after the first starts with short delays", () => {
  mock.method(Math, "random", () => 1);
  const backoff = new Backoff();
  for (let i = 0; i < 7; i++) backoff.next(1006, 0, false);
  const delays = [3_000, 0, 0].map((lasted) => backoff.next(1006, lasted, false)?.delay);
  assert.deepEqual(delays, [500, 1000, 2000]);
});

test("the delay grows if the server keeps disconnecting clients right after the welcome", () => {
  mock.method(Math, "random", () => 1);
  const backoff = new Backoff();
  const delays = Array.from({ length: 7 }, () => backoff.next(1006, 5, false)?.delay);
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
});

for (const code of [1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015, 4008]) {
  test(`${code}: reconnects and keeps the session`, () => {
    assert.equal(new Backoff().next(code, 0, true)?.newSession, false);
  });
}

for (const code of [1000, 1002, 1003, 1007, 1008, 1009, 3000, 4000, 4003, 4009, 4100, 4999]) {
  test(`${code}: does not reconnect`, () => {
    assert.equal(new Backoff().next(code, 60_000, true), undefined);
  });
}

test("4001: reconnects once, with a fresh token and a new session", () => {
  const backoff = new Backoff();
  assert.equal(backoff.next(4001, 0, true)?.newSession, true);
  backoff.reset();
  assert.equal(backoff.next(4001, 0, true), undefined);
  assert.equal(new Backoff().next(4001, 0, false), undefined, "without a fresh token");
});

test("4001: reconnects once more after a connection that lasted", () => {
  const backoff = new Backoff();
  backoff.next(4001, 0, true);
  assert.equal(backoff.next(4001, 15_000, true)?.newSession, true);
});

test("4029: reconnects after at least 30 s, with a new session", () => {
  mock.method(Math, "random", () => 0);
  assert.deepEqual(new Backoff().next(4029, 0, true), { delay: 30_000, newSession: true });
});
