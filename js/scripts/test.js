// Builds the server, bundles the tests (Node.js 20 cannot read TypeScript) and runs
// them. Arguments select the test files whose names contain one of them.

import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { build } from "esbuild";

const outdir = ".tmp/test";
const wanted = process.argv.slice(2);
const names = readdirSync("test")
  .filter((name) => /\.test\.tsx?$/.test(name))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)));

const binary = process.platform === "win32" ? "simplysocket.exe" : "simplysocket";
execFileSync("go", ["build", "-o", `js/.tmp/${binary}`, "./cmd/simplysocket"], { cwd: "..", stdio: "inherit" });
rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: names.map((name) => `test/${name}`),
  outdir,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  jsx: "automatic",
  sourcemap: "inline",
});
const files = names.map((name) => `${outdir}/${name.replace(/tsx?$/, "mjs")}`);
const flags = ["--enable-source-maps", "--disable-warning=ExperimentalWarning", "--test", "--test-reporter=spec"];
const { status } = spawnSync(process.execPath, [...flags, ...files], { stdio: "inherit" });
process.exitCode = status ?? 1;
