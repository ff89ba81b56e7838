// Elements, made and updated without HTML text: user input never becomes
// markup.

export const find = (id) => document.getElementById(id);

// element makes an element. Attributes that are functions are event listeners;
// those that are false or undefined are left out.
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      node.addEventListener(name, value);
    } else if (value !== false && value !== undefined) {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  node.append(...children);
  return node;
}

// icon shows a symbol of the page's sprite. With a label it has a meaning for
// screen readers; without one, it is decoration.
export function icon(name, label) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  return svg;
}

// keyed makes the children of parent those of items, in order. Elements stay,
// and stay in place, as long as their key does, so that a refresh does not
// move the focus.
export function keyed(parent, items, keyOf, make, update) {
  const wanted = new Set(items.map(keyOf));
  const kept = new Map();
  for (const node of [...parent.children]) {
    if (wanted.has(node.dataset.key)) {
      kept.set(node.dataset.key, node);
    } else {
      node.remove();
    }
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    const node = kept.get(keyOf(item)) ?? make(item);
    node.dataset.key = keyOf(item);
    update(node, item);
    if (node === place) {
      place = place.nextElementSibling;
    } else {
      parent.insertBefore(node, place);
    }
  }
}
