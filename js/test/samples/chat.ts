import { ConnectionError, RoomError, connect } from "simplysocket";

declare function show(from: string, text: string): void;
declare function note(text: string): void;
declare function fetchToken(): Promise<string>;

interface ChatActions {
  "send-message": { message: string };
  typing: { on: boolean };
}

interface ChatCalls {
  history(body: { before?: number }): { messages: { sender: string; message_body: { message: string } }[] };
}

export async function chat(password: string) {
  const socket = connect("wss://example.com/ws", { token: () => fetchToken() });

  const room = await socket.join<ChatActions, ChatCalls>("chat/general", { password });
  room.on("send-message", (body, { sender }) => show(sender, body.message));
  room.onJoin((client) => note(`${client} joined: ${room.count} are here`));
  room.onLeave((client) => note(`${client} left`));
  room.onPresence((client, { state }) => note(`${client} is ${state}`)); // online or away

  await room.send("send-message", { message: "hi" }); // handled by the server
  const { messages } = await room.call("history", {}); // the reply
  room.post("typing", { on: true }); // may be lost
  await room.sendTo(room.members[0]!, "send-message", { message: "psst" }); // to one member

  room.onGap(async () => {
    const { messages } = await room.call("history", {});
    for (const { sender, message_body } of messages) show(sender, message_body.message);
  });
  socket.onState((state, error) => note(error ? `${state}: ${error.message}` : state));

  try {
    await room.send("send-message", { message: "are you there?" });
  } catch (error) {
    if (error instanceof RoomError && error.code === "outcome-unknown") {
      note("it may have been handled or not");
    } else if (error instanceof RoomError) {
      note(`the server refused: ${error.code}`);
    } else if (error instanceof ConnectionError) {
      note(`not sent: ${error.code}`);
    }
  }
  return messages;
}
