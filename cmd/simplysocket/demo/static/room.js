// A room as its member sees it.

export class Room {
  inside = false;
  entering = false; // on the way back in, after the connection was lost
  members = new Set(); // those that are known: a large room lists only some
  count = 0;
  unread = 0;
  draft = "";
  recipient = ""; // whom the composer writes to alone; empty: everybody
  sending = []; // our lines to everybody that have not come back, in order

  // params is the body of `join-room`, kept to come back with.
  constructor(name, params, transcript) {
    this.name = name;
    this.params = params;
    this.transcript = transcript;
  }

  entered({ members, count }) {
    this.inside = true;
    this.members = new Set(members.map((member) => member.client));
    this.count = count;
  }

  came(client) {
    this.members.add(client);
    this.count++;
  }

  went(client) {
    this.members.delete(client);
    this.count--;
    if (this.recipient === client) this.recipient = "";
  }

  out() {
    this.inside = false;
    this.members.clear();
    this.count = 0;
    this.recipient = "";
  }
}
