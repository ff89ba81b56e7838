import { after, afterEach, before, test } from "node:test";
import { Window } from "happy-dom";
import { StrictMode, useEffect, useState } from "react";
import WS from "ws";
import { useRoom, useSocket } from "../src/react.js";
import { type Socket, connect } from "../src/simplysocket.js";
import { Server } from "./server.js";

interface Chat {
  send: { "send-message": { message: string } };
  receive: { "send-message": { message: string } };
}

const WebSocket = globalThis.WebSocket ?? WS;
const server = new Server();
const window = new Window();
const ends: (() => void)[] = [];

before(async () => {
  await server.start();
  for (const name of ["window", "document", "navigator"] as const) {
    Object.defineProperty(globalThis, name, { configurable: true, value: window[name] });
  }
});
afterEach(() => {
  for (const end of ends.splice(0)) end();
});
after(async () => {
  await window.happyDOM.close();
  await server.stop("SIGKILL");
});

/** What the components show, and when. */
class Screen {
  readonly element = window.document.createElement("div");
  #look = () => {};

  committed = () => this.#look();

  /** Waits until the components show a text. */
  shows(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (this.element.textContent.includes(text)) resolve();
      };
      this.#look();
    });
  }
}

async function render(screen: Screen) {
  // Only once there is a document.
  const { createRoot } = await import("react-dom/client");
  const root = createRoot(screen.element as unknown as HTMLElement);
  ends.push(() => root.unmount());
  return root;
}

function client(): Socket {
  const socket = connect(server.url, { WebSocket });
  ends.push(() => socket.close());
  return socket;
}

function Talk({ socket, screen, show }: { socket: Socket | undefined; screen: Screen; show: string }) {
  const [heard, setHeard] = useState("nothing");
  const { room, members, count, error } = useRoom<Chat>(socket, "chat/react", {
    params: { properties: { level: 1 } },
    on: { "send-message": ({ message }) => setHeard(`${show} heard ${message}`) },
  });
  useEffect(screen.committed);
  return <p>{error ? error.message : room ? `${show}: ${count} of ${members.length}, ${heard}. ` : "joining"}</p>;
}

function Alone({ socket, screen, password }: { socket: Socket | undefined; screen: Screen; password: string }) {
  const { room, error } = useRoom(socket, "chat/locked", { params: { password } });
  useEffect(screen.committed);
  return <p>{error ? error.code : room ? "inside" : "joining"}</p>;
}

function App({ screen, talks, password }: { screen: Screen; talks: string[]; password?: string }) {
  const { socket, state } = useSocket(server.url, { WebSocket });
  useEffect(screen.committed);
  return (
    <div>
      {state}
      {talks.map((show) => (
        <Talk key={show} socket={socket} screen={screen} show={show} />
      ))}
      {password && <Alone socket={socket} screen={screen} password={password} />}
    </div>
  );
}

test("components share a room, which the last one leaves", { timeout: 60_000 }, async () => {
  const room = await client().join<Chat>("chat/react");
  const left = () => new Promise<void>((resolve) => room.onLeave(() => resolve()));
  const screen = new Screen();
  const root = await render(screen);
  const show = (...talks: string[]) => root.render(<StrictMode><App screen={screen} talks={talks} /></StrictMode>);

  show("a", "b");
  await screen.shows("connecteda: 2 of 2, nothing. b: 2 of 2, nothing.");
  await room.send("send-message", { message: "hi" });
  await screen.shows("connecteda: 2 of 2, a heard hi. b: 2 of 2, b heard hi.");
  show("a");
  await room.send("send-message", { message: "still here" });
  await screen.shows("a: 2 of 2, a heard still here.");

  const last = left();
  show();
  await last;
  show("c");
  await screen.shows("c: 2 of 2");

  const closed = left();
  root.unmount();
  await closed;
});

test("a component hears who leaves", { timeout: 60_000 }, async () => {
  const room = await client().join("chat/react");
  const screen = new Screen();
  const root = await render(screen);
  root.render(<App screen={screen} talks={["a"]} />);
  await screen.shows("a: 2 of 2");
  await room.leave();
  await screen.shows("a: 1 of 1");
});

test("a join that is refused, and another try", { timeout: 60_000 }, async () => {
  await client().join("chat/locked", { password: "sesame" });
  const screen = new Screen();
  const root = await render(screen);
  root.render(<App screen={screen} talks={[]} password="guess" />);
  await screen.shows("forbidden");
  root.render(<App screen={screen} talks={[]} password="sesame" />);
  await screen.shows("inside");
});
