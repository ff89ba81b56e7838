import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

test("the client is smaller than 8 KB", (t) => {
  const { length } = gzipSync(readFileSync("dist/simplysocket.js"), { level: 9 });
  t.diagnostic(`${length} bytes minified and gzipped`);
  assert.ok(length < 8_000);
});
