import { ConnectionError, RoomError, connect } from "simplysocket";

declare function show(from: string, text: string): void;
declare function note(text: string): void;
declare function fetchToken(): Promise<string>;

interface Chat {
  send: { "send-message": { message: string }; typing: { on: boolean } };
  receive: { "send-message": { message: string }; typing: { on: boolean } };
  call: { count(body: object): { seen: number } };
}

export async function chat(password: string, stop: AbortSignal) {
  const socket = connect("wss://example.com/ws", { token: () => fetchToken() });

  const room = await socket.join<Chat>("chat/general", { password });
  room.on("send-message", (body, { sender }) => show(sender, body.message));
  room.onJoin((client) => note(`${client} joined: ${room.count} are here`));
  room.onLeave((client) => note(`${client} left`));
  room.onPresence((client, { state }) => note(`${client} is ${state}`)); // online or away

  for (const { sender, body } of (await room.history({ limit: 50 })).messages) {
    if ("message" in body) show(sender, body.message);
  }
  await room.send("send-message", { message: "hi" }); // the server has handled it
  const { seen } = await room.call("count", {}); // the reply
  room.post("typing", { on: true }); // may be lost
  await room.sendTo(room.members[0]!, "send-message", { message: "psst" }); // to one member

  await room.send("send-message", { message: "now or never" }, { timeout: 5_000 });
  const next = await room.once("send-message", { signal: stop });

  socket.onState((state, error) => note(error ? `${state}: ${error.message}` : state));
  room.onRejoined((welcome) => note(`back: ${welcome.count} are here`));

  try {
    await room.send("send-message", { message: "are you there?" });
  } catch (error) {
    if (error instanceof RoomError && error.code === "outcome-unknown") {
      note("it may have been handled or not");
    } else if (error instanceof RoomError) {
      note(`refused: ${error.code}`);
    } else if (error instanceof ConnectionError) {
      note(`not sent: ${error.code}`);
    } else {
      throw error; // the reason of an AbortSignal, or a TimeoutError
    }
  }
  return [seen, next.body.message];
}
