import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Window } from "happy-dom";
import { type ReactNode, StrictMode, useEffect, useState } from "react";
import WS from "ws";
import { SocketProvider, useRoom, useSocket } from "../src/react.js";
import { type Socket, connect } from "../src/simplysocket.js";
import { Proxy } from "./proxy.js";
import { Server } from "./server.js";

interface Chat {
  send: { "send-message": { message: string } };
  receive: { "send-message": { message: string } };
}

const WebSocket = globalThis.WebSocket ?? WS;
const server = new Server();
const window = new Window();
const ends: (() => void)[] = [];
const limit = { timeout: 60_000 };

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

/** The content of the components after each commit. */
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
  // This import needs a document.
  const { createRoot } = await import("react-dom/client");
  const root = createRoot(screen.element as unknown as HTMLElement);
  ends.push(() => root.unmount());
  return root;
}

function client(url = server.url): Socket {
  const socket = connect(url, { WebSocket });
  ends.push(() => socket.close());
  return socket;
}

/** A network that can break, between a client and the server. */
async function network(): Promise<[url: string, proxy: Proxy]> {
  const proxy = new Proxy(Number(new URL(server.url).port));
  ends.push(() => proxy.stop());
  return [await proxy.start(), proxy];
}

/** Resolves with the next client that leaves. */
function left(room: { onLeave(listener: (client: string) => void): () => void }): Promise<string> {
  return new Promise((resolve) => {
    const end = room.onLeave((client) => {
      end();
      resolve(client);
    });
  });
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

interface StandingProps {
  socket: Socket | undefined;
  screen: Screen;
  name: string;
  enabled?: boolean;
  password?: string;
}

/** Shows the status of a component in its room. */
function Standing({ socket, screen, name, enabled = true, password = "" }: StandingProps) {
  const used = useRoom(socket, name, { enabled, params: { password } });
  const states = used.members.map((client) => used.room?.presence(client)?.state);
  useEffect(screen.committed);
  return <p>{`[${used.status} ${used.error?.code ?? used.reason ?? ""} ${states.join()}]`}</p>;
}

function App({ screen, talks }: { screen: Screen; talks: string[] }) {
  const { socket, state } = useSocket(server.url, { WebSocket });
  useEffect(screen.committed);
  return (
    <div>
      {state}
      {talks.map((show) => (
        <Talk key={show} socket={socket} screen={screen} show={show} />
      ))}
    </div>
  );
}

test("components share a room, which the last one leaves", limit, async () => {
  const room = await client().join<Chat>("chat/react");
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

  const last = left(room);
  show();
  await last;
  show("c");
  await screen.shows("c: 2 of 2");

  const closed = left(room);
  root.unmount();
  await closed;
});

test("under StrictMode a component joins once", limit, async () => {
  const room = await client().join("chat/react");
  const seen: string[] = [];
  room.onJoin((client) => seen.push(`+${client}`));
  room.onLeave((client) => seen.push(`-${client}`));
  const screen = new Screen();
  const root = await render(screen);
  const socket = client();
  await socket.join("chat/before"); // it is connected
  root.render(<StrictMode><Standing socket={socket} screen={screen} name="chat/react" /></StrictMode>);
  await screen.shows("[joined  online,online]");
  await room.send("end", {});
  assert.deepEqual(seen, [`+${socket.id}`]);
});

test("a component updates when a member leaves", limit, async () => {
  const room = await client().join("chat/react");
  const screen = new Screen();
  const root = await render(screen);
  root.render(<App screen={screen} talks={["a"]} />);
  await screen.shows("a: 2 of 2");
  await room.leave();
  await screen.shows("a: 1 of 1");
});

test("a component shows that a member is away and comes back", limit, async () => {
  const [url, proxy] = await network();
  await client(url).join("chat/presence");
  const screen = new Screen();
  const root = await render(screen);
  root.render(<Standing socket={client()} screen={screen} name="chat/presence" />);
  await screen.shows("[joined  online,online]");
  proxy.refuse(true);
  proxy.cut();
  await screen.shows("[joined  away,online]");
  proxy.refuse(false);
  await screen.shows("[joined  online,online]");
});

test("a refused join and another attempt", limit, async () => {
  await client().join("chat/locked", { password: "sesame" });
  const socket = client();
  const screen = new Screen();
  const root = await render(screen);
  const show = (password: string) =>
    root.render(<Standing socket={socket} screen={screen} name="chat/locked" password={password} />);
  show("guess");
  await screen.shows("[joining");
  await screen.shows("[refused forbidden ]");
  show("sesame");
  await screen.shows("[joined  online,online]");
});

test("a room that is disabled, enabled, and disabled again", limit, async () => {
  const other = await client().join("chat/wanted");
  const socket = client();
  const screen = new Screen();
  const root = await render(screen);
  const show = (enabled: boolean) =>
    root.render(<Standing socket={socket} screen={screen} name="chat/wanted" enabled={enabled} />);
  show(false);
  await screen.shows("[left  ]");
  assert.equal(other.count, 1);
  show(true);
  await screen.shows("[joined  online,online]");
  const gone = left(other);
  show(false);
  await screen.shows("[left  ]");
  assert.equal(await gone, socket.id);
});

test("a room that the client has left, and another room at once", limit, async () => {
  const socket = client();
  const screen = new Screen();
  const root = await render(screen);
  const show = (name: string) => root.render(<Standing socket={socket} screen={screen} name={name} />);
  show("chat/one");
  await screen.shows("[joined  online]");
  await (await socket.join("chat/one")).leave();
  await screen.shows("[left left ]");
  for (const name of ["chat/two", "chat/one"]) {
    show(name);
    await screen.shows("[joining  ]");
    await screen.shows("[joined  online]");
  }
  socket.close();
  await screen.shows("[left ended ]");
});

test("a component that unmounts while offline leaves, joined or not", limit, async () => {
  const witness = client();
  const other = await witness.join("chat/offline");
  const never = await witness.join("chat/never");
  never.onJoin(() => assert.fail("joined"));
  const [url, proxy] = await network();
  const socket = client(url);
  const screen = new Screen();
  const root = await render(screen);
  root.render(<Standing socket={socket} screen={screen} name="chat/offline" />);
  await screen.shows("[joined  online,online]");
  const offline = new Promise<void>((resolve) => socket.onState((state) => state === "offline" && resolve()));
  proxy.refuse(true);
  proxy.cut();
  await offline;
  root.render(<Standing socket={socket} screen={screen} name="chat/never" />);
  await screen.shows("[joining  ]");
  root.render(<></>);
  const gone = left(other);
  const { id } = socket;
  proxy.refuse(false);
  assert.equal(await gone, id);
  await socket.listRooms();
  await never.send("end", {});
  assert.deepEqual([other.count, never.count], [1, 1]);
});

function Shared({ screen, seen }: { screen: Screen; seen: Set<Socket | undefined> }) {
  const { socket, state } = useSocket();
  seen.add(socket);
  useEffect(screen.committed);
  return <Standing socket={socket} screen={screen} name={`chat/${state}`} enabled={state === "connected"} />;
}

test("components in a provider share its socket", limit, async () => {
  const screen = new Screen();
  const root = await render(screen);
  const seen = new Set<Socket | undefined>();
  root.render(
    <StrictMode>
      <SocketProvider url={server.url} options={{ WebSocket }}>
        <Shared screen={screen} seen={seen} />
        <Shared screen={screen} seen={seen} />
      </SocketProvider>
    </StrictMode>,
  );
  await screen.shows("[joined  online][joined  online]");
  const sockets = [...seen].filter((socket) => socket?.state === "connected");
  assert.equal(sockets.length, 1);
  root.unmount();
  assert.equal(sockets[0]?.state, "ended");
});

test("without a provider, the error names what is missing", limit, async () => {
  const { renderToString } = await import("react-dom/server");
  const Lost = (): ReactNode => useSocket().state;
  assert.throws(() => renderToString(<Lost />), /SocketProvider/);
});

test("on the server, the status is joining", limit, async () => {
  const { renderToString } = await import("react-dom/server");
  const screen = new Screen();
  const Page = () => <Standing socket={useSocket().socket} screen={screen} name="chat/ssr" />;
  assert.match(renderToString(<SocketProvider url={server.url}><Page /></SocketProvider>), /\[joining {2}\]/);
});
