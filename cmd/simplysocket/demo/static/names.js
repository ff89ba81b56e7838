// How a client is displayed: its slug, which is long and random, shortened and
// given a color of its own.

import { element } from "./dom.js";

const short = (slug) => slug.slice(0, 6);

// hue is an FNV-1a hash, on the color circle.
function hue(slug) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < slug.length; i++) {
    hash = Math.imul(hash ^ slug.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % 360;
}

function colored(node, slug) {
  node.style.setProperty("--hue", hue(slug));
  return node;
}

// nameOf is a client's name; its full slug shows on hovering.
export const nameOf = (slug) =>
  colored(element("span", { class: "name", title: slug }, short(slug)), slug);

// nameButton is a name that can be chosen.
export const nameButton = (slug, chosen) =>
  colored(
    element(
      "button",
      { type: "button", class: "name", title: slug, "aria-label": `Write to ${short(slug)} alone`, click: () => chosen(slug) },
      short(slug),
    ),
    slug,
  );

export const avatarOf = (slug) =>
  colored(element("span", { class: "avatar", "aria-hidden": "true" }, slug.slice(0, 2)), slug);
