// A network that breaks: it forwards bytes in both directions until it is cut, or until
// a connection has used its budget.

import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";

/** How many bytes may go to the client, and come from it, before the connection breaks. */
export type Budget = [down: number, up: number];

export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #refusing = false;

  /** `budget` is called for each connection; undefined means no limit. */
  constructor(port: number, budget: () => Budget | undefined = () => undefined) {
    this.#server = createServer((near) => {
      if (this.#refusing) {
        near.on("error", () => {});
        near.resetAndDestroy();
        return;
      }
      const far = connect(port, "127.0.0.1");
      const [down, up] = budget() ?? [Infinity, Infinity];
      this.#pass(far, near, down);
      this.#pass(near, far, up);
    });
  }

  #pass(from: Socket, to: Socket, left: number): void {
    this.#sockets.add(from);
    from.on("error", () => {}); // `close` follows
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.on("data", (data: Buffer) => {
      to.write(data.subarray(0, left));
      left -= data.length;
      if (left <= 0) to.destroySoon();
    });
  }

  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/ws`;
  }

  /** Breaks every connection and drops the bytes in transit. */
  cut(): void {
    // A socket that is shutting down cannot be reset: its handle would stay open.
    for (const socket of this.#sockets) socket.writableEnded ? socket.destroy() : socket.resetAndDestroy();
  }

  /** Refuses new connections, or accepts them again. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
  }

  stop(): void {
    this.#server.close();
    this.cut();
  }
}
