// The page: its parts and how they fit together.

import { askPassword, askRoom } from "./dialogs.js";
import { closePanels, startPanels } from "./panels.js";
import { explain, explainClose } from "./words.js";
import { Chat } from "./chat.js";
import { Composer } from "./composer.js";
import { MemberList } from "./member-list.js";
import { RoomList } from "./room-list.js";
import { Transcript } from "./transcript.js";
import { find } from "./dom.js";
import { nameOf } from "./names.js";
import { say } from "./notice.js";

const firstRoom = "general";

// The ws is next to the page, under whatever path a proxy serves both.
const server = new URL("ws", location.href);
server.protocol = server.protocol.replace("http", "ws");

const chat = new Chat(server.href, {
  changed: () => show(),
  failed: say,
  transcript: (name) => new Transcript(name, find("transcripts"), (slug) => write(slug)),
});
const composer = new Composer(chat);
const memberList = new MemberList(chat, (slug) => write(slug));
const roomList = new RoomList(chat, { entered: (name) => enter(name), selected: (room) => select(room) });

// write addresses the next messages to one client.
function write(slug) {
  closePanels();
  composer.address(slug);
}

function select(room) {
  closePanels();
  chat.select(room);
  composer.focus();
}

// enter joins a room, or shows it if this page is in it.
async function enter(name) {
  closePanels();
  const room = chat.rooms.get(name);
  if (room?.inside) return select(room);
  if (chat.listing(name)?.locked && !room?.params.password) return askPassword(chat, name);
  try {
    await chat.join(name, room?.params);
    composer.focus();
  } catch (error) {
    if (error.code === "forbidden") return askPassword(chat, name);
    say(explain(error, name, chat.listing(name)?.capacity));
  }
}

const linkedRoom = () => new URLSearchParams(location.hash.slice(1)).get("room");

// The rest shows changes, at most once per frame. A page in the background
// draws no frames but has a title, so a timer updates it.

const frame = 16; // ms
let showing = false;

function show() {
  if (showing) return;
  showing = true;
  setTimeout(() => {
    showing = false;
    showConnection();
    showRoom();
    roomList.show();
    memberList.show();
    composer.show();
  }, frame);
}

const stateNames = { connecting: "Connecting", connected: "Connected", offline: "Offline", ended: "Disconnected" };

function showConnection() {
  const { state, closeCode } = chat;
  const status = find("connection");
  if (status.dataset.state !== state) {
    status.dataset.state = state;
    status.textContent = stateNames[state];
  }
  find("offline").hidden = state === "connecting" || state === "connected";
  find("offline-text").textContent = explainClose(closeCode) + (state === "offline" ? " Connecting again by itself." : "");
  find("connect-now").hidden = state !== "ended";
  find("me").replaceChildren(...(state === "connected" ? ["You are ", nameOf(chat.me)] : []));
}

function showRoom() {
  const { active, rooms } = chat;
  const unread = [...rooms.values()].reduce((sum, room) => sum + room.unread, 0);
  document.title = `${unread ? `(${unread}) ` : ""}${active ? `${active.name} · ` : ""}SimplySocket`;
  find("all-unread").textContent = unread;
  find("all-unread").hidden = unread === 0;

  find("room-name").textContent = active?.name ?? "No room";
  find("room-facts").textContent = active ? facts(active) : "";
  for (const id of ["copy-link", "leave-room", "show-members"]) find(id).disabled = !active;
  find("no-room").hidden = Boolean(active);
  for (const room of rooms.values()) {
    room.transcript.show(room === active);
    room.transcript.quiet.hidden = !room.inside || room.count > 1;
  }
  // The address is a link to the room that is shown.
  if (active && linkedRoom() !== active.name) history.replaceState(null, "", `#room=${active.name}`);
}

function facts(room) {
  if (!room.inside) return "";
  const known = chat.listing(room.name);
  const places = known?.capacity ? ` of ${known.capacity}` : "";
  return `${room.count}${places} ${room.count === 1 ? "member" : "members"}${known?.locked ? ", with a password" : ""}`;
}

find("new-room").addEventListener("click", () => {
  closePanels();
  askRoom(chat);
});
find("leave-room").addEventListener("click", () => chat.leave(chat.active));
find("join-again").addEventListener("click", () => enter(chat.active.name));
find("connect-now").addEventListener("click", () => chat.open());
find("copy-link").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(location.href);
    say("The link to this room is copied.");
  } catch {
    say("The link to this room is in the address bar.");
  }
});

window.addEventListener("hashchange", () => {
  if (linkedRoom()) enter(linkedRoom());
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  if (chat.active) chat.select(chat.active);
  chat.list();
});

startPanels();
chat.open();
enter(linkedRoom() ?? firstRoom);
