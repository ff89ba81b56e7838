// A network that breaks: it passes on what two sides say until it is cut, or until
// a connection has had its bytes.

import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";

/** How many bytes pass down to the client, and up from it, before a connection breaks. */
export type Budget = [down: number, up: number];

export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #refusing = false;

  /** The budget is asked for with each connection; undefined is no end. */
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

  /** Breaks every connection, whatever is on its way. */
  cut(): void {
    // One that is shutting down cannot be reset, and its handle would stay open.
    for (const socket of this.#sockets) socket.writableEnded ? socket.destroy() : socket.resetAndDestroy();
  }

  /** Lets nobody connect, or lets them again. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
  }

  stop(): void {
    this.#server.close();
    this.cut();
  }
}
