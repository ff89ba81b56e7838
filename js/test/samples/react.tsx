import { useState } from "react";
import { SocketProvider, useRoom, useSocket } from "simplysocket/react";

interface Chat {
  send: { "send-message": { message: string } };
  receive: { "send-message": { message: string } };
}

export function App() {
  return (
    <SocketProvider url="wss://example.com/ws">
      <General />
    </SocketProvider>
  );
}

function General() {
  const { socket, state } = useSocket();
  const [lines, setLines] = useState<string[]>([]);
  const { status, room, members, error } = useRoom<Chat>(socket, "chat/general", {
    on: { "send-message": ({ message }) => setLines((before) => [...before, message]) },
  });
  if (status === "refused") return <p>{error?.message}</p>;
  return (
    <>
      <p>{`${state}, ${status}`}</p>
      {members.map((client) => <p key={client}>{client} is {room?.presence(client)?.state}</p>)}
      {lines.map((line, i) => <p key={i}>{line}</p>)}
      <button onClick={() => room?.send("send-message", { message: "hi" })}>Say hi</button>
    </>
  );
}
