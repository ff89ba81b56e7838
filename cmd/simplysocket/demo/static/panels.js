// The side panels, which small windows show one at a time, on demand.

import { find } from "./dom.js";

const panels = [
  { panel: find("rooms-panel"), button: find("show-rooms") },
  { panel: find("members-panel"), button: find("show-members") },
];

export function closePanels() {
  open(undefined);
}

function open(chosen) {
  for (const { panel, button } of panels) {
    const shown = panel === chosen;
    panel.classList.toggle("open", shown);
    button.setAttribute("aria-expanded", shown);
  }
  find("scrim").hidden = !chosen;
  find("talk").inert = Boolean(chosen);
  chosen?.querySelector("button")?.focus();
}

export function startPanels() {
  for (const { panel, button } of panels) button.addEventListener("click", () => open(panel));
  find("scrim").addEventListener("click", closePanels);
  document.addEventListener("keydown", (event) => {
    const shown = panels.find(({ panel }) => panel.classList.contains("open"));
    if (event.key !== "Escape" || !shown) return;
    closePanels();
    shown.button.focus();
  });
  // In a wide window nothing covers the talk.
  window.matchMedia("(min-width: 68rem)").addEventListener("change", closePanels);
}
