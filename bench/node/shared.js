// Shared by the candidates that run on Node.js: the argument, the rooms, and the
// coordinator's commands. See ../peers for the same in Go.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

/** The same for every candidate that has the choice. */
export const deflate = {
  threshold: 512,
  zlibDeflateOptions: { level: 1 },
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
};

/** A name for a client: 26 characters that nobody can guess. */
export const newID = () => randomBytes(13).toString("hex");

/** The room that a handshake asks for. */
export const roomOf = (request) => new URL(request.url, "http://localhost").searchParams.get("room") ?? "";

/** A room: its members, and the application's state for it. */
class Room {
  members = new Set();
  #seq = 0;
  #inputs = 0;
  #ticks = 0;
  #body;
  #broadcast;
  #timer;

  constructor(name, config, broadcast) {
    this.name = name;
    this.#body = config.body;
    this.#broadcast = broadcast;
    if (config.tick_ms > 0) this.#timer = setInterval(() => this.#tick(), config.tick_ms);
  }

  /** Does what a member asks for. */
  hear(message, sender) {
    if (message.action === "input") this.#inputs++;
    else this.#say(message, sender);
  }

  #say({ action, message_body: { n, pad }, IsTargetClient = false, target = "" }, sender) {
    this.#seq++;
    this.#broadcast(this, { action, message_body: { n, pad }, IsTargetClient, target, sender, seq: this.#seq });
  }

  #tick() {
    const n = String(this.#ticks++).padStart(8, "0");
    const pad = "x".repeat(Math.max(0, this.#body - `{"n":"00000000","pad":""}`.length));
    this.#say({ action: "say", message_body: { n, pad } }, "server");
  }

  stop() {
    clearInterval(this.#timer);
  }
}

/** The rooms that have members: one begins with its first and ends with its last. */
export class Rooms {
  #open = new Map();
  #config;
  #broadcast;

  /** broadcast(room, message) sends to the members of a room. */
  constructor(config, broadcast) {
    this.#config = config;
    this.#broadcast = broadcast;
  }

  enter(name, member) {
    let room = this.#open.get(name);
    if (room === undefined) {
      room = new Room(name, this.#config, this.#broadcast);
      this.#open.set(name, room);
    }
    room.members.add(member);
    return room;
  }

  leave(room, member) {
    room.members.delete(member);
    if (room.members.size > 0) return;
    this.#open.delete(room.name);
    room.stop();
  }
}

/**
 * Runs a candidate as the one argument of the process says: prints what it is,
 * or has serve(config, server) attach it to a server that listens.
 */
export function run({ name, library, differs, serve }) {
  const config = JSON.parse(process.argv[2]);
  if (config.list) return print([name]);
  if (config.candidate !== name) {
    console.error(`no candidate ${JSON.stringify(config.candidate)}`);
    process.exit(1);
  }
  if (config.describe) {
    const { version } = createRequire(import.meta.url)(`${library}/package.json`);
    return print({ name, library, version, differs });
  }
  const server = config.cert
    ? createSecureServer({
        cert: readFileSync(config.cert),
        key: readFileSync(config.key),
        minVersion: "TLSv1.3",
        ALPNProtocols: ["http/1.1"],
      })
    : createServer();
  serve(config, server);
  // The same backlog as in Go, which uses the system's.
  server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
    print({ address: `127.0.0.1:${server.address().port}` });
    control();
  });
}

/** Does what the coordinator asks for, a line at a time, until it has no more to ask. */
function control() {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const [verb] = line.split(" ");
    print(verb === "gc" ? collect() : {}); // profiles are for Go only
  });
  lines.on("close", () => process.exit(0));
}

function collect() {
  global.gc();
  global.gc();
  return { heap: process.memoryUsage().heapUsed, stack: 0 };
}

const print = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");
