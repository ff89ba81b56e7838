// The chat: the rooms this page is in, the open rooms, and what happens in
// them.

import { connect } from "./simplysocket.js";
import { Room } from "./room.js";
import { explain } from "./words.js";

const listEvery = 3_000; // ms between two looks at the open rooms

const endings = { kicked: "You were removed from the room.", closed: "The room was closed." };

// Chat notifies its view through three hooks: changed() when anything but a
// transcript has changed, transcript(name) to make the transcript of a room,
// and failed(text) for errors that the user should see.
export class Chat {
  rooms = new Map(); // name -> Room, in joining order
  listed = []; // the first open rooms, as the server tells
  listedCount = 0;
  active = undefined; // the Room that is shown
  closeCode = undefined; // why there is no connection

  #url;
  #view;
  #socket;
  #relist;

  constructor(url, view) {
    this.#url = url;
    this.#view = view;
  }

  get me() {
    return this.#socket.id;
  }

  get state() {
    return this.#socket.state;
  }

  // open connects. After a connection has ended it also enters the page's
  // rooms again.
  open() {
    this.#socket = connect(this.#url);
    this.#socket.onState((state, error) => this.#stateChanged(state, error));
    this.#socket.onRoom((channel) => this.#entered(channel, {}));
    for (const room of this.rooms.values()) this.#comeBack(room);
    this.#view.changed();
  }

  listing(name) {
    return this.listed.find((room) => room.name === name);
  }

  // join enters a room and shows it. It throws the client's errors.
  async join(name, params = {}) {
    this.select(await this.#enter(name, params));
    this.list();
  }

  async leave(room) {
    const { inside, channel } = room;
    this.rooms.delete(room.name);
    room.transcript.remove();
    if (this.active === room) this.select([...this.rooms.values()].at(-1));
    this.#view.changed();
    try {
      if (inside) await channel.leave();
    } catch {
      // The page is done with the room in any case.
    }
    this.list();
  }

  select(room) {
    this.active = room;
    if (room) room.unread = 0;
    this.#view.changed();
  }

  // list asks which rooms are open, and repeats that while somebody looks.
  async list() {
    clearTimeout(this.#relist);
    if (document.hidden || this.state !== "connected") return;
    this.#relist = setTimeout(() => this.list(), listEvery);
    try {
      const { rooms, count } = await this.#socket.listRooms();
      this.listed = rooms;
      this.listedCount = count;
      this.#view.changed();
    } catch {
      // The next attempt may succeed.
    }
  }

  // send sends a message to a room, or to one of its members.
  async send(room, text, to = "") {
    const line = room.transcript.say({ sender: this.me, own: true, to, text });
    if (!to) room.sends(line);
    const body = { message: text };
    try {
      await (to ? room.channel.sendTo(to, "send-message", body) : room.channel.send("send-message", body));
      line.confirmed();
    } catch (error) {
      room.refuses(line);
      const why = explain(error, room.name);
      line.refused(error.code === "outcome-unknown" ? why : `Not sent. ${why}`, () => this.send(room, text, to));
    }
  }

  #stateChanged(state, error) {
    this.closeCode = error?.closeCode;
    if (state === "connected") this.list();
    this.#view.changed();
  }

  async #comeBack(room) {
    try {
      await this.#enter(room.name, room.params);
    } catch (error) {
      this.#refused(room, error);
    }
  }

  async #enter(name, params) {
    // If the room was closed, the join opens it again as it was.
    const capacity = params.capacity ?? (params.create ? undefined : this.listing(name)?.capacity);
    const channel = await this.#socket.join(name, { ...params, capacity });
    const { create, ...kept } = params;
    return this.#entered(channel, { ...kept, capacity });
  }

  #entered(channel, params) {
    const room = this.rooms.get(channel.name) ?? this.#add(channel.name);
    if (room.channel !== channel) {
      room.channel = channel;
      room.params = params;
      this.#follow(room, channel);
      this.#welcomed(room);
    }
    this.active ??= room;
    this.#view.changed();
    return room;
  }

  #add(name) {
    const room = new Room(name, this.#view.transcript(name));
    this.rooms.set(name, room);
    return room;
  }

  // follow connects the room to the events of its channel.
  #follow(room, channel) {
    const { transcript } = room;
    channel.on("send-message", (body, message) => this.#heard(room, body, message));
    channel.onJoin((client, { body }) => transcript.notice(body.message, client));
    channel.onLeave((client, { body }) => {
      room.went(client);
      transcript.notice(body.message, client);
    });
    channel.onMembers(() => {
      this.#welcomed(room);
      this.#view.changed();
    });
    channel.onGap(() => transcript.notice("Some messages did not reach you."));
    channel.onError((error) => this.#refused(room, error));
    channel.onClosed((reason) => {
      room.out();
      if (endings[reason]) transcript.notice(endings[reason]);
      this.#view.changed();
    });
  }

  #welcomed(room) {
    if (room.welcomed()) room.transcript.notice(room.channel.welcome.message, this.me);
  }

  #heard(room, body, { sender, direct, time }) {
    const text = typeof body.message === "string" ? body.message : JSON.stringify(body);
    const own = sender === this.me;
    const line = own && !direct ? room.returned(text) : undefined;
    if (line) {
      // It takes its place in the order that all members see.
      line.placed();
      return;
    }
    room.transcript.say({ sender, own, to: direct ? this.me : "", text, time }).confirmed();
    if (room !== this.active || document.hidden) room.unread++;
    this.#view.changed();
  }

  #refused(room, error) {
    this.#view.failed(explain(error, room.name, room.params.capacity));
  }
}
