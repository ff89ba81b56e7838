// The dialogs of the page: for a new room, and for a room's password.

import { explain } from "./words.js";
import { find } from "./dom.js";

// ask shows a dialog until answer(form) succeeds or the user gives up.
function ask(dialog, answer) {
  const form = dialog.querySelector("form");
  const problem = dialog.querySelector(".problem");
  form.reset();
  problem.textContent = "";
  form.onsubmit = async (event) => {
    event.preventDefault();
    form.inert = true;
    problem.textContent = (await answer(form.elements)) ?? "";
    form.inert = false;
    if (problem.textContent) {
      form.querySelector("input").select();
    } else {
      dialog.close();
    }
  };
  form.querySelector('[value="cancel"]').onclick = () => dialog.close();
  dialog.showModal();
}

// askRoom lets the user create a room.
export function askRoom(chat) {
  ask(find("create-dialog"), async ({ room, capacity, password }) => {
    const name = room.value.trim();
    const params = { create: true };
    if (capacity.value) params.capacity = Number(capacity.value);
    if (password.value) params.password = password.value;
    try {
      await chat.join(name, params);
    } catch (error) {
      return explain(error, name);
    }
  });
}

// askPassword asks for the password of a locked room.
export function askPassword(chat, name) {
  find("password-ask").textContent = `${name} asks for a password`;
  ask(find("password-dialog"), async ({ password }) => {
    try {
      await chat.join(name, { password: password.value });
    } catch (error) {
      if (error.code === "forbidden") return "This is not the password.";
      return explain(error, name, chat.listing(name)?.capacity);
    }
  });
}
