// The field where messages are written.

import { find } from "./dom.js";
import { nameOf } from "./names.js";

export class Composer {
  #chat;
  #room;
  #text = find("text");

  constructor(chat) {
    this.#chat = chat;
    find("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    find("to-everybody").addEventListener("click", () => this.address(""));
  }

  // show follows the room that is shown. Each room keeps its draft.
  show() {
    const { active, state } = this.#chat;
    if (this.#room !== active) {
      if (this.#room) this.#room.draft = this.#text.value;
      this.#room = active;
      this.#text.value = active?.draft ?? "";
    }
    // Writing stays possible while the connection is lost.
    const outside = active && state === "connected" && !active.inside;
    find("composer").hidden = !active || outside;
    find("outside").hidden = !outside;
    find("send").disabled = !this.#canSend();
    const to = active?.recipient ?? "";
    find("recipient").hidden = !to;
    find("recipient-text").replaceChildren(...(to ? ["Only ", nameOf(to), " will read this"] : []));
    this.#text.placeholder = to ? "Write to one member alone" : `Write to ${active?.name ?? "a room"}`;
  }

  // address sends the next messages to one member, or with an empty slug to
  // everybody.
  address(slug) {
    if (!this.#room) return;
    this.#room.recipient = slug;
    this.show();
    this.#text.focus();
  }

  // focus moves the keyboard focus to the field, except where that would open
  // an on-screen keyboard.
  focus() {
    this.show();
    if (!window.matchMedia("(pointer: coarse)").matches) this.#text.focus();
  }

  #key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "Escape" && this.#room?.recipient) {
      this.address("");
    }
  }

  #canSend() {
    return this.#chat.state === "connected" && Boolean(this.#room?.inside);
  }

  #send() {
    const text = this.#text.value.trim();
    if (!text || !this.#canSend()) return;
    this.#text.value = "";
    this.#chat.send(this.#room, text, this.#room.recipient);
  }
}
