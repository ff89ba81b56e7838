// A room as this page shows it. The object stays while the page is out of the
// room, so that the page can come back to it.

export class Room {
  channel = undefined; // the client's room: a new one whenever this page joins
  params = {}; // to come back with
  inside = false;
  unread = 0;
  draft = "";
  recipient = ""; // whom the composer writes to alone; empty: everybody

  #welcome;
  #sending = []; // our lines to everybody that have not come back, in order

  constructor(name, transcript) {
    this.name = name;
    this.transcript = transcript;
  }

  get members() {
    return this.inside ? this.channel.members : [];
  }

  get count() {
    return this.inside ? this.channel.count : 0;
  }

  // welcomed handles what the room says on joining, which it repeats for a new
  // session, and reports whether anything was new.
  welcomed() {
    const { welcome } = this.channel;
    if (welcome === this.#welcome) return false;
    this.#welcome = welcome;
    this.inside = true;
    this.recipient = "";
    return true;
  }

  // away reports whether a member's connection is broken: it may come back.
  away(client) {
    return this.channel.presence(client)?.state === "away";
  }

  went(client) {
    if (this.recipient === client) this.recipient = "";
  }

  out() {
    this.inside = false;
    this.recipient = "";
  }

  sends(line) {
    this.#sending.push(line);
  }

  refuses(line) {
    this.#sending = this.#sending.filter((waiting) => waiting !== line);
  }

  // returned removes and returns our first line with that text, if there is
  // one. Lines before it are lost in a gap: our messages come back in order.
  returned(text) {
    const at = this.#sending.findIndex((line) => line.text === text);
    return this.#sending.splice(0, at + 1).at(-1);
  }
}
