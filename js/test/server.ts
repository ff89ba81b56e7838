// The real server, as a process.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

const binary = resolve(".tmp/simplysocket"); // scripts/test.js builds it

/** `simplysocket serve` on a port of its own, which it keeps across restarts. */
export class Server {
  #process: ChildProcess | undefined;
  #address = "127.0.0.1:0";
  #died = () => {};
  readonly #flags: string[];

  constructor(...flags: string[]) {
    this.#flags = flags;
  }

  get url(): string {
    return `ws://${this.#address}/ws`;
  }

  async start(): Promise<void> {
    const args = ["serve", `--addr=${this.#address}`, "--log-format=json", ...this.#flags];
    this.#process = spawn(binary, args, { stdio: ["ignore", "ignore", "pipe"] });
    const said: string[] = [];
    // Read to the end, so that a full pipe never blocks the server.
    const lines = createInterface(this.#process.stderr!);
    const serving = new Promise<string>((found, failed) => {
      lines.on("line", (line) => {
        said.push(line);
        const { websocket } = JSON.parse(line) as { websocket?: string };
        if (websocket) found(websocket);
      });
      lines.on("close", () => failed(new Error(`the server exited:\n${said.join("\n")}`)));
    });
    this.#address = new URL(await serving).host;
    this.#process.once("exit", this.#died = () => {
      throw new Error(`the server exited unexpectedly:\n${said.join("\n")}`);
    });
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    if (!this.#process) return;
    this.#process.off("exit", this.#died);
    const ended = once(this.#process, "exit");
    this.#process.kill(signal);
    await ended;
    this.#process = undefined;
  }
}
