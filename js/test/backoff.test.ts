import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";
import { Backoff } from "../src/backoff.js";

afterEach(() => mock.restoreAll());

test("full jitter below a time that doubles up to 15 s", () => {
  const random = mock.method(Math, "random", () => 1);
  const backoff = new Backoff();
  const delays = Array.from({ length: 8 }, () => backoff.next(1006, 0, false)?.delay);
  assert.deepEqual(delays, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  random.mock.mockImplementation(() => 0);
  assert.equal(backoff.next(1006, 0, false)?.delay, 0);
});

test("starts over after a connection that lasted, and only then", () => {
  mock.method(Math, "random", () => 1);
  const backoff = new Backoff();
  backoff.next(1006, 0, false);
  assert.equal(backoff.next(1006, 14_999, false)?.delay, 500);
  assert.equal(backoff.next(1006, 15_000, false)?.delay, 250);
});

test("the second outage in a short time begins with short pauses", () => {
  mock.method(Math, "random", () => 1);
  const backoff = new Backoff();
  for (let i = 0; i < 7; i++) backoff.next(1006, 0, false);
  const delays = [3_000, 0, 0].map((lasted) => backoff.next(1006, lasted, false)?.delay);
  assert.deepEqual(delays, [500, 1000, 2000]);
});

test("a server that lets clients in and cuts them off at once has them back later and later", () => {
  mock.method(Math, "random", () => 1);
  const backoff = new Backoff();
  const delays = Array.from({ length: 7 }, () => backoff.next(1006, 5, false)?.delay);
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
});

for (const code of [1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015, 4008]) {
  test(`${code}: comes back, the session is kept`, () => {
    assert.equal(new Backoff().next(code, 0, true)?.newSession, false);
  });
}

for (const code of [1000, 1002, 1003, 1007, 1008, 1009, 3000, 4000, 4003, 4009, 4100, 4999]) {
  test(`${code}: does not come back`, () => {
    assert.equal(new Backoff().next(code, 60_000, true), undefined);
  });
}

test("4001: comes back once with a fresh token, in a new session", () => {
  const backoff = new Backoff();
  assert.equal(backoff.next(4001, 0, true)?.newSession, true);
  backoff.reset();
  assert.equal(backoff.next(4001, 0, true), undefined);
  assert.equal(new Backoff().next(4001, 0, false), undefined, "without a fresh token");
});

test("4001: once again after a connection that lasted", () => {
  const backoff = new Backoff();
  backoff.next(4001, 0, true);
  assert.equal(backoff.next(4001, 15_000, true)?.newSession, true);
});

test("4029: comes back after 30 s or more, in a new session", () => {
  mock.method(Math, "random", () => 0);
  assert.deepEqual(new Backoff().next(4029, 0, true), { delay: 30_000, newSession: true });
});
