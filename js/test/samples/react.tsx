import { useState } from "react";
import { useRoom, useSocket } from "simplysocket/react";

interface ChatActions {
  "send-message": { message: string };
}

export function Chat() {
  const { socket, state } = useSocket("wss://example.com/ws");
  const [lines, setLines] = useState<string[]>([]);
  const { room, count, error } = useRoom<ChatActions>(socket, "chat/general", {
    on: { "send-message": ({ message }) => setLines((before) => [...before, message]) },
  });
  if (error) return <p>{error.message}</p>;
  return (
    <>
      <p>{`${state}, ${count} are here`}</p>
      {lines.map((line, i) => <p key={i}>{line}</p>)}
      <button onClick={() => room?.send("send-message", { message: "hi" })}>Say hi</button>
    </>
  );
}
