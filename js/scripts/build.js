// Builds dist; with --check, says instead whether dist/simplysocket.js, which is
// committed so that Go embeds it without Node.js, is what the sources make.

import { readFileSync } from "node:fs";
import { build } from "esbuild";

const shared = {
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  outdir: "dist",
  banner: { js: "/* The client of SimplySocket, MIT License. Built from js/src by `npm run build`. */" },
};
const client = { ...shared, entryPoints: ["src/simplysocket.ts"] };
const hooks = { ...shared, entryPoints: ["src/react.ts"], external: ["react", "./simplysocket.js"] };

if (process.argv.includes("--check")) {
  const built = await build({ ...client, write: false });
  if (built.outputFiles[0].text !== readFileSync("dist/simplysocket.js", "utf8")) {
    console.error("dist/simplysocket.js is not current: npm run build");
    process.exitCode = 1;
  }
} else {
  await Promise.all([build(client), build(hooks)]);
}
