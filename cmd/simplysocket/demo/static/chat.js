// The chat: the rooms this page is in, those that are open, and what happens in
// them.

import { Connection, Refusal } from "./connection.js";
import { Room } from "./room.js";
import { explain } from "./words.js";

const listEvery = 3_000; // ms between two looks at the open rooms

// Chat tells its view by four hooks: connected() after each welcome, changed()
// when anything but a transcript is not as it was, transcript(name) to make the
// transcript of a room, and failed(text) for what a person should know.
export class Chat {
  rooms = new Map(); // name -> Room, in joining order
  listed = []; // the first open rooms, as list-rooms tells
  listedCount = 0;
  active = undefined; // the Room that is shown

  #view;
  #relist;

  constructor(url, view) {
    this.#view = view;
    this.connection = new Connection(url, {
      changed: (state) => this.#connectionChanged(state),
      received: (message) => this.#receive(message),
    });
  }

  get me() {
    return this.connection.client;
  }

  listing(name) {
    return this.listed.find((room) => room.name === name);
  }

  // join enters a room and shows it. It throws a Refusal.
  async join(name, params = {}) {
    await this.#request("join-room", name, params);
    const room = this.rooms.get(name);
    if (!room?.inside) throw new Refusal("not-a-room", `${name} cannot be joined.`);
    // create and capacity speak of the opening. What is kept opens the room as
    // it was when nobody is left in it; who comes back second just enters.
    const { create, ...keep } = params;
    const capacity = keep.capacity ?? this.listing(name)?.capacity;
    room.params = capacity ? { ...keep, capacity } : keep;
    this.select(room);
    this.list();
  }

  async leave(room) {
    if (room.inside) {
      try {
        await this.#request("leave-room", room.name, {});
      } catch {
        // Not a member, or no connection: out in any case.
      }
    }
    this.#drop(room);
    this.list();
  }

  select(room) {
    this.active = room;
    if (room) room.unread = 0;
    this.#view.changed();
  }

  // list asks which rooms are open, and goes on asking while somebody looks.
  async list() {
    clearTimeout(this.#relist);
    if (document.hidden || this.connection.state !== "connected") return;
    this.#relist = setTimeout(() => this.list(), listEvery);
    try {
      const { rooms, count } = await this.#request("list-rooms", "", {});
      this.listed = rooms;
      this.listedCount = count;
      this.#view.changed();
    } catch {
      // The next look may fare better.
    }
  }

  // send says something in a room, to everybody or to one member alone.
  async send(room, text, to = "") {
    const line = room.transcript.say({ sender: this.me, own: true, to, text });
    if (!to) room.sending.push(line);
    const address = to ? { IsTargetClient: true, target: to, room: room.name } : { target: room.name };
    try {
      await this.connection.request({ action: "send-message", message_body: { message: text }, ...address });
      line.confirmed();
    } catch (error) {
      room.sending = room.sending.filter((waiting) => waiting !== line);
      const why = explain(error, room.name);
      line.refused(error.code === "unconfirmed" ? why : `Not sent. ${why}`, () => this.send(room, text, to));
    }
  }

  #request(action, target, body) {
    return this.connection.request({ action, target, message_body: body });
  }

  #connectionChanged(state) {
    if (state === "connected") {
      this.#comeBack();
      this.#view.connected();
    } else {
      for (const room of this.rooms.values()) {
        if (room.inside) room.transcript.notice("The connection is lost. What is said until it is back does not reach you.");
        room.out();
      }
    }
    this.#view.changed();
  }

  // comeBack enters the rooms again that this page was in.
  async #comeBack() {
    await Promise.all([...this.rooms.values()].map((room) => this.#rejoin(room)));
    this.list();
  }

  async #rejoin(room) {
    room.entering = true;
    try {
      await this.#request("join-room", room.name, room.params);
    } catch (error) {
      if (error.code === "unconfirmed") return; // the next connection tries again
      this.#view.failed(explain(error, room.name, room.params.capacity));
    } finally {
      room.entering = false;
      this.#view.changed();
    }
  }

  #receive(message) {
    // What is for us alone names its room; what is for all is addressed to it.
    const name = message.room ?? message.target;
    const room = this.rooms.get(name);
    const body = message.message_body;
    switch (message.action) {
      case "joined-room":
        this.#entered(room ?? this.#add(name), body);
        break;
      case "client-joined-room":
        room?.came(body.client);
        room?.transcript.notice(body.message, body.client);
        break;
      case "client-left-room":
        room?.went(body.client);
        room?.transcript.notice(body.message, body.client);
        break;
      case "room-count":
        if (room) room.count = body.count;
        break;
      case "left-room":
        if (body.reason === "kicked") this.#removed(room, "You were removed from the room.");
        break;
      case "room-closed":
        this.#removed(room, "The room was closed.");
        break;
      case "gap":
        room?.transcript.notice("Some messages did not reach you.");
        break;
      case "send-message":
        if (room) this.#heard(room, message);
        break;
      default:
        return;
    }
    this.#view.changed();
  }

  #add(name) {
    const room = new Room(name, {}, this.#view.transcript(name));
    this.rooms.set(name, room);
    return room;
  }

  #entered(room, body) {
    room.entered(body);
    if (body.message) room.transcript.notice(body.message, this.me);
    this.active ??= room;
  }

  #removed(room, why) {
    if (!room?.inside) return;
    room.out();
    room.transcript.notice(why);
  }

  #heard(room, { sender, IsTargetClient, message_body: body, time }) {
    if (sender === this.me && !IsTargetClient && room.sending.length > 0) {
      // Our own line takes its place in the order that all members see.
      room.sending.shift().placed();
      return;
    }
    const text = typeof body.message === "string" ? body.message : JSON.stringify(body);
    room.transcript.say({ sender, own: sender === this.me, to: IsTargetClient ? this.me : "", text, time }).confirmed();
    if (room !== this.active || document.hidden) room.unread++;
  }

  #drop(room) {
    this.rooms.delete(room.name);
    room.transcript.remove();
    if (this.active === room) this.select([...this.rooms.values()].at(-1));
    this.#view.changed();
  }
}
