// The messages of a room, as they are shown.

import { avatarOf, nameButton, nameOf } from "./names.js";
import { element } from "./dom.js";

// A transcript keeps this many lines.
const mostLines = 500;

// The distance from the end, in pixels, that still counts as reading along.
// The style sheet makes the scroller count from its end, so that it stays
// there by itself.
const nearEnd = 60;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export class Transcript {
  #lines;
  #scroller;
  #latest;
  #nameChosen;

  // nameChosen is called with the slug of a sender whose name is clicked.
  constructor(room, parent, nameChosen) {
    this.#nameChosen = nameChosen;
    this.#lines = element("ol");
    this.quiet = element(
      "div",
      { class: "empty quiet" },
      element("h3", {}, "Nobody else is here yet"),
      element(
        "p",
        {},
        element("a", { href: `#room=${room}`, target: "_blank", rel: "noopener" }, "Open this page in a second window"),
        " and talk to yourself, or send somebody the link to this room.",
      ),
    );
    this.#scroller = element(
      "div",
      { class: "scroller", role: "log", "aria-label": `Messages in ${room}`, "aria-relevant": "additions", tabindex: "0", scroll: () => this.#scrolled() },
      element("div", {}, this.#lines, this.quiet),
    );
    this.#latest = element("button", { type: "button", class: "latest", hidden: true, click: () => this.#toEnd() }, "Latest messages");
    this.node = element("section", { class: "transcript", "data-room": room, hidden: true }, this.#scroller, this.#latest);
    parent.append(this.node);
  }

  // show shows or hides the transcript.
  show(seen) {
    this.node.hidden = !seen;
  }

  remove() {
    this.node.remove();
  }

  // notice says what happened. It shows a client by its short name, in its
  // color.
  notice(text, client) {
    const parts = client ? text.split(client).flatMap((part, i) => (i ? [nameOf(client), part] : [part])) : [text];
    this.#append(element("li", { class: "notice" }, ...parts));
  }

  // say adds a line and returns it. To is the only recipient, or empty.
  say({ sender, own, to, text, time = Date.now() }) {
    const at = new Date(time);
    const address = [];
    if (to) address.push(element("span", { class: "alone" }, "only to ", own ? nameOf(to) : "you"));
    const name = own ? element("span", { class: "name", title: sender }, "You") : nameButton(sender, this.#nameChosen);
    const outcome = element("p", { class: "outcome" });
    const node = element(
      "li",
      { class: "line", "data-sender": sender, "data-to": to, "data-own": own, "data-state": "pending", "data-minute": clock.format(at) },
      avatarOf(sender),
      element(
        "div",
        { class: "said" },
        element("p", { class: "by" }, name, ...address, element("time", { datetime: at.toISOString() }, clock.format(at))),
        element("p", { class: "text", dir: "auto" }, text),
        outcome,
      ),
    );
    this.#append(node);
    if (own) this.#toEnd();
    return {
      text,
      confirmed: () => {
        node.dataset.state = "done";
      },
      placed: () => this.#append(node),
      refused: (why, again) => {
        node.dataset.state = "failed";
        outcome.append(
          element("span", {}, why),
          element("button", { type: "button", class: "again", click: () => this.#replace(node, again) }, "Send again"),
        );
      },
    };
  }

  // append puts a node, new or not, at the end.
  #append(node) {
    if (node.isConnected && !node.nextElementSibling) return;
    this.#take(node);
    this.#lines.append(node);
    join(node);
    while (this.#lines.children.length > mostLines) this.#take(this.#lines.firstElementChild);
  }

  #take(node) {
    const next = node.nextElementSibling;
    node.remove();
    if (next) join(next);
  }

  #replace(node, again) {
    this.#take(node);
    again();
  }

  #scrolled() {
    this.#latest.hidden = this.#scroller.scrollTop > -nearEnd;
  }

  #toEnd() {
    this.#scroller.scrollTop = 0;
  }
}

// join hides the sender of a line if the line before has the same sender.
function join(node) {
  const before = node.previousElementSibling;
  node.classList.toggle(
    "goes-on",
    Boolean(before?.dataset.sender) && ["sender", "to", "minute"].every((key) => before.dataset[key] === node.dataset[key]),
  );
}
