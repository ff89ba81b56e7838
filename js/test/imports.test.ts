import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const folder = "src"; // the tests run in the folder of the package

/** The imports of each file, including type-only imports. */
function imports(): Map<string, string[]> {
  const files = readdirSync(folder);
  return new Map(
    files.map((file) => {
      const text = readFileSync(join(folder, file), "utf8");
      return [file, [...text.matchAll(/(?:from|import) ?\(?"\.\/(\w+)\.js"/g)].map(([, name]) => `${name}.ts`)];
    }),
  );
}

/** Returns a cycle of imports, if there is one. */
function cycle(graph: Map<string, string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const found = visit(next, [...path, file]);
      if (found) return found;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const found = visit(file, []);
    if (found) return found;
  }
  return undefined;
}

test("imports form no cycle, not even type-only imports", () => {
  const graph = imports();
  assert.ok(graph.size > 15, `${graph.size} files`);
  assert.equal(cycle(graph)?.join(" -> "), undefined);
});

test("a cycle is found", () => {
  const graph = new Map([
    ["a.ts", ["b.ts"]],
    ["b.ts", ["c.ts"]],
    ["c.ts", ["b.ts"]],
  ]);
  assert.deepEqual(cycle(graph), ["b.ts", "c.ts", "b.ts"]);
});
