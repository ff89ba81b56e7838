// The package as it is installed: as a folder, and as the tarball that npm makes of it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { after, test } from "node:test";

interface Manifest {
  version: string;
  exports: Record<string, string | Record<string, string>>;
}

const manifest: Manifest = JSON.parse(readFileSync("package.json", "utf8"));
mkdirSync(".tmp", { recursive: true });
const dir = resolve(mkdtempSync(".tmp/package-"));
after(() => rmSync(dir, { recursive: true }));

const limit = { timeout: 120_000 };
const shell = process.platform === "win32";
const npm = (cwd: string, ...args: string[]) =>
  execFileSync("npm", [...args, "--offline", "--no-audit", "--no-fund"], { cwd, encoding: "utf8", shell });
const pack = () => npm(".", "pack", "--ignore-scripts", "--json", "--pack-destination", dir);

const program = `
import { connect, RoomError } from "simplysocket";
import { useRoom } from "simplysocket/react";
export const used: [typeof connect, typeof RoomError, typeof useRoom] = [connect, RoomError, useRoom];
`;

/** Creates a project that installs the package from a folder or tarball. */
function project(name: string, from: string): string {
  const cwd = resolve(dir, name);
  mkdirSync(cwd);
  writeFileSync(`${cwd}/package.json`, `{ "name": "${name}", "private": true, "type": "module" }`);
  npm(cwd, "install", from);
  for (const dependency of ["react", "@types/react"]) {
    mkdirSync(`${cwd}/node_modules/@types`, { recursive: true });
    symlinkSync(resolve("node_modules", dependency), `${cwd}/node_modules/${dependency}`);
  }
  writeFileSync(`${cwd}/program.ts`, program);
  return cwd;
}

const files = () => (JSON.parse(pack()) as { filename: string; files: { path: string }[] }[])[0]!;

test("the tarball includes every entry point of the package", limit, () => {
  const packed = files().files.map(({ path }) => `./${path}`);
  for (const target of Object.values(manifest.exports)) {
    for (const path of typeof target === "string" ? [target] : Object.values(target)) {
      assert.ok(packed.includes(path), path);
    }
  }
  assert.deepEqual(packed.filter((path) => !/^\.\/(dist\/|LICENSE|README\.md|package\.json)/.test(path)), []);
});

for (const source of ["folder", "tarball"]) {
  test(`installed from the ${source}: types, the client and the hooks`, limit, () => {
    const from = source === "folder" ? resolve(".") : resolve(dir, files().filename);
    const cwd = project(source, from);
    for (const [module, resolution] of [["NodeNext", "NodeNext"], ["ESNext", "Bundler"]]) {
      const flags = ["--ignoreConfig", "--strict", "--noEmit", "--skipLibCheck", "false", "--lib", "ES2022,DOM", "--target", "ES2022"];
      const tsc = resolve("node_modules/typescript/bin/tsc");
      execFileSync(process.execPath, [tsc, "program.ts", ...flags, "--module", module!, "--moduleResolution", resolution!], { cwd, stdio: "inherit" });
    }
    const run = `const all = { ...(await import("simplysocket")), ...(await import("simplysocket/react")) }; console.log(Object.keys(all).sort().join());`;
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", run], { cwd, encoding: "utf8" });
    assert.equal(said.trim(), "ConnectionError,RoomError,SocketProvider,connect,useRoom,useSocket");
  });
}
