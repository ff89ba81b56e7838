// Builds dist, which is committed: Go embeds the client without Node.js, and the folder
// can be installed as it is. With --check, only checks that dist matches the sources.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

if (!existsSync("node_modules/esbuild")) {
  execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { stdio: ["ignore", "ignore", "inherit"], shell: process.platform === "win32" });
}

mkdirSync(".tmp", { recursive: true });
const fresh = mkdtempSync(".tmp/dist-");
await build(fresh);
const names = new Set([...readdirSync(fresh), ...readdirSync("dist")]);
const stale = [...names].filter((name) => read(join(fresh, name)) !== read(join("dist", name)));
if (!process.argv.includes("--check")) {
  for (const name of stale) {
    rmSync(join("dist", name), { force: true });
    if (existsSync(join(fresh, name))) renameSync(join(fresh, name), join("dist", name));
  }
} else if (stale.length > 0) {
  console.error(`out of date in dist, run "npm run build": ${stale.join(", ")}`);
  process.exitCode = 1;
}
rmSync(fresh, { recursive: true });

async function build(outdir) {
  const esbuild = await import("esbuild");
  const shared = {
    bundle: true,
    format: "esm",
    minify: true,
    target: "es2022",
    outdir,
    banner: { js: "/* The client of SimplySocket, MIT License. Built from js/src by `npm run build`. */" },
  };
  await esbuild.build({ ...shared, entryPoints: ["src/simplysocket.ts"] });
  await esbuild.build({ ...shared, entryPoints: ["src/react.ts"], external: ["react", "./simplysocket.js"] });
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", "--outDir", outdir], { stdio: "inherit" });
}

function read(name) {
  return existsSync(name) ? readFileSync(name, "utf8") : undefined;
}
