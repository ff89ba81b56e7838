// The lists of rooms: those this page is in and the others that are open.

import { element, find, icon, keyed } from "./dom.js";

export class RoomList {
  #chat;
  #hooks;

  // entered(name) is called for an open room, selected(room) for one of our
  // own.
  constructor(chat, hooks) {
    this.#chat = chat;
    this.#hooks = hooks;
  }

  show() {
    const { rooms, listed, listedCount, active } = this.#chat;
    const others = listed.filter((room) => !rooms.has(room.name));
    keyed(find("my-rooms"), [...rooms.values()], (room) => room.name, (room) => this.#item(() => this.#hooks.selected(room)), (node, room) => {
      const known = this.#chat.listing(room.name);
      fill(node, { ...known, name: room.name, members: room.inside ? room.count : known?.members ?? 0 }, room.unread);
      node.dataset.inside = room.inside;
      if (room === active) {
        node.firstChild.setAttribute("aria-current", "true");
      } else {
        node.firstChild.removeAttribute("aria-current");
      }
    });
    keyed(find("open-rooms"), others, (room) => room.name, (room) => this.#item(() => this.#hooks.entered(room.name)), (node, room) => fill(node, room, 0));
    find("no-my-rooms").hidden = rooms.size > 0;
    find("no-open-rooms").hidden = others.length > 0;
    const more = listedCount - listed.length;
    find("more-rooms").hidden = more <= 0;
    find("more-rooms").textContent = `${more} more are open. A link ending in #room= and its name leads into any room.`;
  }

  #item(chosen) {
    return element(
      "li",
      {},
      element(
        "button",
        { type: "button", click: chosen },
        element("span", { class: "room-name" }),
        element("span", { class: "signs" }),
        element("span", { class: "count" }),
        element("span", { class: "badge" }),
      ),
    );
  }
}

// fill shows what is known about a room in its item.
function fill(node, { name, members, capacity, locked }, unread) {
  const [label, signs, count, badge] = node.firstChild.children;
  label.textContent = name;
  label.title = name;
  count.textContent = capacity ? `${members}/${capacity}` : members;
  count.title = capacity ? `${members} of ${capacity} places taken` : `${members} ${members === 1 ? "member" : "members"}`;
  node.dataset.full = Boolean(capacity) && members >= capacity;
  if (Boolean(locked) !== signs.hasChildNodes()) {
    signs.replaceChildren(...(locked ? [icon("lock", "asks for a password")] : []));
  }
  badge.textContent = unread > 99 ? "99+" : unread;
  badge.title = `${unread} unread`;
  badge.hidden = unread === 0;
}
