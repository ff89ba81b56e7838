// npm ws, with the broadcast of its README: the same data for each member.
import { WebSocketServer } from "ws";
import { deflate, newID, roomOf, Rooms, run } from "./shared.js";

const joined = Buffer.from(`{"action":"joined-room"}`);
const text = { binary: false };

run({
  name: "ws",
  library: "ws",
  differs:
    "one thread; a message is encoded once, and framed and compressed per client; an unbounded queue per client; no pings, no acknowledgment",
  serve(config, server) {
    const rooms = new Rooms(config, (room, message) => {
      // A Buffer saves the encoding to UTF-8 for each member.
      const payload = Buffer.from(JSON.stringify(message));
      for (const socket of room.members) socket.send(payload, text);
    });
    new WebSocketServer({ server, path: "/ws", perMessageDeflate: config.deflate && deflate }).on(
      "connection",
      (socket, request) => {
        const id = newID();
        const room = rooms.enter(roomOf(request), socket);
        socket.send(joined, text);
        socket.on("message", (data) => {
          let message;
          try {
            message = JSON.parse(data);
          } catch {
            socket.terminate();
            return;
          }
          room.hear(message, id);
        });
        socket.on("error", () => {}); // "close" follows
        socket.on("close", () => rooms.leave(room, socket));
      },
    );
  },
});
