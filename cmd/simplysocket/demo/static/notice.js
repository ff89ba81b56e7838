// A message to the user about an error.

import { find } from "./dom.js";

const stays = 8_000; // ms

const box = find("notice");
let timer;

export function say(text) {
  find("notice-text").textContent = text;
  box.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(hide, stays);
}

function hide() {
  box.hidden = true;
}

find("notice-close").addEventListener("click", hide);
