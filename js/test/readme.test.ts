import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const flush = (text: string) => text.replace(/^ +/gm, "");

test("every code block of the README is part of a sample that is type-checked", () => {
  const samples = readdirSync("test/samples").map((name) => flush(readFileSync(`test/samples/${name}`, "utf8")));
  const blocks = [...readFileSync("README.md", "utf8").matchAll(/^```tsx?\n(.*?)^```$/gms)].map((block) => block[1]!);
  assert.ok(blocks.length > 3);
  for (const block of blocks) {
    assert.ok(samples.some((sample) => sample.includes(flush(block))), `no sample contains this:\n${block}`);
  }
});
