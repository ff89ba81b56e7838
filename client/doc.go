// Package client is the Go client of SimplySocket: [Dial] a server, [Conn.Join] a
// room, register handlers for its messages with [On], and [Room.Send].
//
// A [Conn] is a session with a server. It outlives its connections: when one
// breaks or falls silent, the client connects again with growing, random pauses.
// Every step of that is bounded in time and tried again, [Options.Token] included.
// The session goes on until [Conn.Close], or until the server ends it.
//
// # Delivery
//
// [Room.Send] and [Call] return when the server has handled the message, or with
// its refusal, an [*Error]. If the connection breaks before the answer, the client
// sends the message again under the same number and the server handles it once. If
// the server has lost the session too, the outcome is unknown: the error has
// [CodeOutcomeUnknown]. Messages that were not sent yet are sent in the next
// session. [Room.Post] asks for no answer and promises nothing.
//
// The client receives each message once, in the order of its room. Missing
// messages are reported where they are missing, by [Room.OnGap]. After a gap the
// client asks for the room's members by itself; [Room.OnMembers] reports them.
// After a lost session the gap covers the whole of each room. The client then joins
// its rooms again with the parameters of its first join, and [Room.OnRejoin] brings
// the new welcome. A room that refuses calls OnError and OnClosed.
//
// # Rooms
//
// A [Room] is one membership. It ends when the client leaves, when the room removes
// it or closes, or when the room is lost and not joined again. A Room that has ended
// sends nothing and calls nothing back, even if the client has joined the same name
// again: its methods return errors that wrap [ErrOutOfRoom]. A room may also remove
// the client before Join returns; then Join returns a [*RemovedError].
//
// [Room.Leave] works at any time, offline and behind a full queue too.
//
// # Callbacks
//
// Callbacks run one at a time, in the order of the wire, on a goroutine of the
// session. They may call every method of the client, Send, Call, Join, Leave and
// Close included. The one thing a callback must not wait for is another callback.
//
// Answers are not part of that order. The client hands them over as soon as it reads
// them, and [Room.Members] and [Room.Count] change as soon as the news is read. When
// Send returns, callbacks of messages that came before its answer may still wait.
//
// # Slow callbacks
//
// [Options.InboxMessages] and [Options.InboxBytes] limit what waits for the
// callbacks. When the inbox is full, the client stops reading, so the network holds
// the server back, and the server decides how long it is patient.
//
// There is one exception, so that callbacks cannot block themselves: while anybody
// waits for an answer, the client reads on to find it and takes up to four times as
// much. Messages beyond that are dropped and reported as a gap. Events of rooms and
// of the connection always have a place.
//
// # Closing
//
// A client that the application disconnected, or that broke the protocol, does not
// come back; [Conn.Done] and [Conn.Err] report it. A client that is no longer
// authenticated comes back once, with a fresh [Options.Token]. One that sent too much
// comes back after half a minute. In all other cases the network is at fault, and the
// client comes back.
package client
