import type { AnyMessage, Room } from "simplysocket";

interface Chat {
  send: { "send-message": { message: string } };
  receive: { "send-message": { message: string } };
}

export async function transcript(room: Room<Chat>, render: (messages: AnyMessage<Chat>[]) => void) {
  const lines = new Map<number, AnyMessage<Chat>>(); // by position

  function add(...messages: AnyMessage<Chat>[]) {
    for (const message of messages) lines.set(message.seq!, message);
    render([...lines].sort(([a], [b]) => a - b).map(([, message]) => message));
  }

  async function fill() {
    const { messages } = await room.history({ limit: 50 });
    add(...messages);
  }

  room.on("send-message", (_, message) => add(message));
  room.onGap(({ to }) => {
    if (to === undefined) lines.clear(); // positions start over
    fill().catch(console.error);
  });
  await fill();
}
