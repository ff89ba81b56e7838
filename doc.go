// Package simplysocket is for applications in which people share a room in real
// time: chat, games, live collaboration, notifications.
//
// # Concepts
//
// A [Server] is an [net/http.Handler]. Whoever completes its WebSocket handshake
// is a [Client]: one session of one user, with a slug as its public name. A
// [Room] clubs clients together under a name; a client as one room sees it is a
// [Member]. A message names a task (its action), carries a JSON object (its
// body), and says where it goes (its target: a room, or one client) and who
// sent it (its sender, which the server stamps). Every client is in the lobby
// from connecting to leaving.
//
// Without any configuration every valid name opens a relay room: it passes on
// what it receives, welcomes who joins and tells the others. With
// [Server.HandleRoom] a room runs the application's code, and the lobby passes on
// nothing unless it is handled too:
//
//	srv.HandleRoom("chat/{topic}", func(room *simplysocket.Room) error {
//		seen := 0
//		simplysocket.On(room, "send-message", func(m *simplysocket.Member, line Line) error {
//			seen++
//			return room.Broadcast("send-message", line, simplysocket.From(m))
//		})
//		return nil
//	})
//
// # Order
//
// All members of a room receive the room's messages in the same order. What one
// client sends to one room is handled in the order in which it was sent.
// Between rooms there is no order. What a message causes precedes its ack.
//
// # Turns
//
// Everything that happens to a room is an entry: a message, a join, a leave, a
// timer. A room handles its entries one at a time, never two at once, so its
// code needs no lock. [*Room] and [*Member] are valid only in the room's setup
// and turns; use outside panics where it can be told. Nothing in a turn waits
// for another room.
//
// A handler's output is released when it returns nil and dropped when it
// returns an error, which goes to the sender: an [*Error] as it is, any other as
// `internal`. That holds for all it did by way of [*Room], [*Member], timers and
// tasks: messages, kicks, closes, joins of other rooms. It does not hold for the
// variables it changed, nor for what it did by way of a [RoomRef] or a [Client],
// which know of no turn.
//
// A room that closes has [Room.OnClose] return before a room of the same name is set
// up. What waits for it is handled by that room, in order, from the first join on;
// before that it is answered with unknown-room.
//
// A panic is contained: it is logged with its stack, the sender gets `internal`
// and the room closes, since its state may be torn. Its members are told, the
// process lives. [runtime.Goexit] in a handler is the same. So is a panic in what the
// application hands over: methods of its errors, marshalers, a [Trace], a log handler;
// but these close no room.
//
// A handler that is slow delays its own room and nothing else. Slow work goes
// off the turn as a task, see [NewTask]. What is to happen later is a timer, see
// [NewTimer] and [Room.Every]. Handlers, timers and tasks are registered in the
// setup only.
//
// Time and chance come from the room: [Room.Now] is the time of the entry and
// never goes back, [Room.Rand] is seeded for each opening, members iterate in
// joining order.
//
// # Backpressure
//
// What waits for a room and for a connection is bounded, in number and bytes. A
// full mailbox answers `busy` to messages and joins; leaves, timers and results
// always have a place. A broadcast that does not fit a member's outbox follows
// the [Overflow] policy of its room or its own: disconnect (the default), drop
// the oldest or the newest and tell of the gap, or let the newest of a key
// replace its elder. Messages to one client alone are never dropped: they
// disconnect. A slow client never delays another.
//
// # Sessions
//
// A client that offers the subprotocol simplysocket.v1 has a session that outlives
// its connections. When one breaks, the client stays a member of its rooms for
// [Options.ResumeWindow]: they get [Room.OnDrop] at once, [Room.OnResume] when it
// is back with what it missed, and OnLeave with [LeaveReasonDropped] when the window ends.
// What a member missed is replayed from the room's bounded history, in order; what
// is no longer there is told by a gap. A message that it sends again because its
// answer was lost is answered again and handled once. A plain client leaves with
// its connection. Lists of members tell who is away, and what a client shows of
// itself, see [Client.SetInfo].
//
// # Security
//
// Browsers may connect from the server's own origin unless others are allowed.
// [Options.Authenticate] runs before any client exists. [Room.OnJoin] may
// refuse. Nobody sends to a room without being in it, and nobody chooses the
// sender of a message. A client decides nothing over the application: only a room
// that no code set up takes a capacity, a password and properties from the client
// that opens it.
//
// # Concurrency
//
// Methods of [Server], [Client], [RoomRef] and [UserRef] may be called from
// anywhere. Hooks of a room run in its turns. Authenticate runs on the goroutine
// of its HTTP request, and OnConnect there or on that of its client, many at once.
package simplysocket
