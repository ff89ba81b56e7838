// Package simplysocket adds rooms that people share in real time to a Go server: for chat,
// games, live collaboration and notifications.
//
// # Concepts
//
// A [Server] is an [net/http.Handler]. A peer that completes its WebSocket handshake
// becomes a [Client]: one session of one user. Its public name is its ID (its slug, on the
// wire). A [Room] groups clients under a name; a client as one room sees it is a [Member].
// A message names a task (its action), carries a JSON object (its body), and says where it
// goes (its target: a room, or one client) and who sent it (its sender, which the server
// sets). Every client is in the lobby for as long as it is connected.
//
// Without any configuration, every valid name opens a relay room: it forwards every
// message to all members, welcomes new members and announces them to the others. With
// [Server.HandleRoom] a room runs the application's code, and the lobby forwards nothing
// unless it has a setup, too:
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
// All members of a room receive the room's messages in the same order. What one client
// sends to one room is handled in the order in which it was sent. There is no order
// between rooms. Everything that a message causes arrives before its ack.
//
// # Turns
//
// Everything that happens to a room is an entry: a message, a join, a leave, a timer. A
// room handles its entries one at a time, so its code needs no lock. A [*Room] and a
// [*Member] are valid in the room's setup and in its turns: keep them between turns, but
// use them in turns only. Other use panics where it can be detected. Nothing in a turn
// waits for another room.
//
// A handler's output is released when the handler returns nil. It is dropped when the
// handler returns an error, which goes to the sender: an [*Error] as it is, any other as
// `internal`. This covers everything that the handler did through [*Room], [*Member],
// timers and tasks: messages, kicks, closes, joins of other rooms; and what it has set:
// tables, properties and the room's settings. It does not cover variables that the handler
// changed, nor the value of a [NewState], nor what it did through a [RoomRef] or a [Client],
// which know nothing of turns.
//
// When a room closes, no room of the same name is set up before [Room.OnClose] has
// returned. The next room handles what is still queued, in order, from the first join on.
// Anything before that join is answered with unknown-room.
//
// A panic is contained: it is logged with its stack, the sender gets `internal`, and the
// room closes, because its state may be inconsistent. Its members learn that it closed;
// the process lives. A room that is stored is restored instead: see below. [runtime.Goexit] in a handler has the same effect. A panic in other
// code of the application (methods of its errors, marshalers, a [Trace], a log handler) is
// contained as well and closes no room.
//
// A slow handler delays its own room and nothing else. Run slow work outside of the turn,
// as a task: see [NewTask]. Use a timer for what happens later: see [NewTimer] and
// [Room.Every]. Register handlers, timers and tasks in the setup.
//
// Time and randomness come from the room: [Room.Now] is the time of the entry and never
// goes back, [Room.Rand] is seeded for each opening of the room, and members iterate in
// joining order.
//
// # State
//
// A setup may keep the room's state in its variables. What it declares instead is part of
// the room, and can be written down, restored and tested: [NewState] for a value, [NewTable]
// for many by key, [NewKey] for properties of rooms and members, [NewTimer] and [NewTask] for
// what is still to come. Values are kept in their JSON form; a type that would lose
// something is an error of the setup. The setup runs again when the room is restored, so it
// has no effect outside the room. To test rooms, see the package simplysockettest.
//
// Without [Options.Engine] rooms live in memory. With one, relay rooms and rooms that declare
// values are stored: what a turn says leaves when the record of the turn is durable, so that
// nothing that anybody has heard is lost. A stored room continues after a panic, a failed
// write or the end of its process: see [Room.OnRestore] and [Room.SetDurability]. To send to
// another room exactly once, see [Room.Tell]. If a turn could not be stored, it runs again:
// what it did through a [RoomRef], a [Client] or another service then happens twice.
//
// # Backpressure
//
// The queues of rooms and connections are bounded, in number and in bytes. A full mailbox
// answers messages and joins with `busy`; leaves, timers and results always have a place.
// A broadcast that does not fit a member's outbox follows the [Overflow] policy of the
// room or of the message: disconnect the member (the default), drop the oldest or the
// newest messages and report the gap, or replace an older message of the same key.
// Messages to a single client are never dropped: if they do not fit, the client is
// disconnected. A slow client never delays another.
//
// # Sessions
//
// A client that offers the subprotocol simplysocket.v1 has a session that outlives its
// connections. When a connection breaks, the client stays a member of its rooms for
// [Options.ResumeWindow]. Its rooms get [Room.OnDrop] at once, [Room.OnResume] when the
// client is back and has received what it missed, and OnLeave with [LeaveReasonDropped]
// when the window ends. Missed messages are replayed from the room's bounded history, in
// order; a gap reports those that are gone. A message that the client sends again, because
// the answer was lost, is answered again and handled once. A plain client leaves its rooms
// when its connection ends. Lists of members show who is away, and each client's profile:
// see [Client.SetInfo].
//
// # Security
//
// Browsers may connect from the server's own origin unless you allow others.
// [Options.Authenticate] runs before any client exists. [Room.OnJoin] may refuse a client.
// Only members can send to a room, and nobody chooses the sender of a message. A client
// decides nothing for the application: only a room without code takes a capacity, a
// password and properties from the client that opens it.
//
// # Concurrency
//
// Methods of [Server], [Client], [RoomRef] and [UserRef] may be called from anywhere. The
// hooks of a room run in its turns. Authenticate runs on the goroutine of its HTTP
// request; OnConnect runs there or on the goroutine of its client. Many of them run at
// once.
package simplysocket
