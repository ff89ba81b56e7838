// The list of members of the room that is shown.

import { avatarOf, nameOf, nameButton } from "./names.js";
import { element, find, keyed } from "./dom.js";

export class MemberList {
  #chat;
  #chosen;

  // chosen is called with the slug of the chosen member.
  constructor(chat, chosen) {
    this.#chat = chat;
    this.#chosen = chosen;
  }

  show() {
    const { active, me } = this.#chat;
    const members = active ? [...active.members].sort((a, b) => (b === me) - (a === me)) : [];
    keyed(find("members"), members, (slug) => slug, (slug) => this.#item(slug, me), (node, slug) => {
      node.dataset.chosen = slug === active.recipient;
      if (slug !== me) showAway(node, active.away(slug));
    });
    const count = active?.count ?? 0;
    find("member-count").textContent = count || "";
    find("more-members").hidden = count <= members.length;
    find("more-members").textContent = `and ${count - members.length} more`;
    find("members-hint").hidden = count < 2;
  }

  #item(slug, me) {
    if (slug === me) return element("li", {}, avatarOf(slug), nameOf(slug), element("span", { class: "hint" }, "you"));
    return element("li", {}, avatarOf(slug), nameButton(slug, this.#chosen), element("span", { class: "hint" }));
  }
}

// showAway shows whether a member's connection is broken: it may come back.
function showAway(node, away) {
  node.dataset.away = away;
  node.title = away ? "away" : "";
  node.lastChild.textContent = away ? "away" : "";
}
