// The connection to the server: one WebSocket, which comes back when it breaks.

import { Backoff } from "./backoff.js";

// How long the server may take to welcome or to answer, in milliseconds. A page
// does not see pings, so an answer that does not come is the one sign of a
// connection that died in silence.
const patience = 15_000;

// Refusal is the server's `error`, or says that there was no answer.
export class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

// Connection calls changed() with each new state: "connecting", "connected",
// "offline" (comes back at retryAt) or "ended" (does not, unless told to).
// received() gets every envelope but the answers to requests.
export class Connection {
  state = "connecting";
  client = ""; // our slug, from welcome
  closeCode = 0;
  retryAt = 0;

  #url;
  #hooks;
  #socket;
  #backoff = new Backoff();
  #openedAt = 0;
  #timer; // of the welcome, or of coming back
  #lastID = 0;
  #asked = new Map(); // id -> {resolve, reject, timer}

  constructor(url, hooks) {
    this.#url = url;
    this.#hooks = hooks;
  }

  // open connects, if it is not connected or about to be.
  open() {
    if (this.#socket) return;
    clearTimeout(this.#timer);
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#openedAt = Date.now();
    this.#timer = setTimeout(() => this.#abandon(), patience);
    socket.addEventListener("message", (event) => {
      if (socket === this.#socket) this.#receive(JSON.parse(event.data));
    });
    socket.addEventListener("close", (event) => {
      if (socket === this.#socket) this.#closed(event.code);
    });
    this.#change("connecting");
  }

  // reopen is open, asked for by a person: what failed before does not count.
  reopen() {
    this.#backoff.reset();
    this.open();
  }

  // request sends a message and returns the body of its ack. It throws a Refusal.
  request(envelope) {
    if (this.state !== "connected") return Promise.reject(new Refusal("offline", "not connected"));
    const id = ++this.#lastID;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#abandon(), patience);
      this.#asked.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ ...envelope, id }));
    });
  }

  #receive(message) {
    const body = message.message_body;
    switch (message.action) {
      case "welcome":
        clearTimeout(this.#timer);
        this.client = body.client;
        this.#change("connected");
        return;
      case "ack":
        this.#answer(message.ref)?.resolve(body);
        return;
      case "error":
        this.#answer(message.ref)?.reject(new Refusal(body.code, body.message));
        return;
      default:
        this.#hooks.received(message);
    }
  }

  #answer(ref) {
    const asked = this.#asked.get(ref);
    if (asked) clearTimeout(asked.timer);
    this.#asked.delete(ref);
    return asked;
  }

  // abandon gives up a connection that is silent, without waiting for the close
  // handshake it will not answer.
  #abandon() {
    this.#socket.close();
    this.#closed(1006);
  }

  #closed(code) {
    this.#socket = undefined;
    this.closeCode = code;
    clearTimeout(this.#timer);
    const delay = this.#backoff.next(code, Date.now() - this.#openedAt);
    if (delay === undefined) {
      this.#change("ended");
    } else {
      this.retryAt = Date.now() + delay;
      this.#timer = setTimeout(() => this.open(), delay);
      this.#change("offline");
    }
    for (const ref of [...this.#asked.keys()]) {
      this.#answer(ref).reject(new Refusal("unconfirmed", "the connection broke"));
    }
  }

  #change(state) {
    this.state = state;
    this.#hooks.changed(state);
  }
}
