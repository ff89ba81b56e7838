// socket.io with its own protocol and its own rooms.
import { Server } from "socket.io";
import { deflate, newID, roomOf, Rooms, run } from "./shared.js";

// Every socket is also in a room of its own id, which must not be one of ours.
const prefix = "room:";

run({
  name: "socket.io",
  library: "socket.io",
  differs:
    "one thread; a protocol of its own; a message is encoded and framed once (but compressed per client); an unbounded queue per client; pings; no acknowledgment unless asked for",
  serve(config, server) {
    const io = new Server(server, {
      perMessageDeflate: config.deflate && deflate,
      connectionStateRecovery: config.resume ? { maxDisconnectionDuration: 2 * 60 * 1000 } : undefined,
    });
    const rooms = new Rooms(config, (room, message) => io.to(prefix + room.name).emit("say", message));
    io.on("connection", (socket) => {
      const id = newID();
      const room = rooms.enter(roomOf(socket.request), socket);
      socket.join(prefix + room.name); // a socket that has reconnected is in it already
      socket.emit("joined-room");
      const hear = (message) => room.hear(message, id);
      socket.on("say", hear);
      socket.on("input", hear);
      socket.on("disconnect", () => rooms.leave(room, socket));
    });
  },
});
