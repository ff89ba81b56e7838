// Package client is the client of SimplySocket in Go: [Dial] a server, [Conn.Join]
// a room, register with [On] what to do about its messages, and [Room.Send].
//
// A [Conn] is a session with a server. It outlives its connections: one that
// breaks, or falls silent, is made again with growing pauses, and the session
// goes on until [Conn.Close] or until the server ends it. A [Room] stays the same
// all the while.
//
// # What gets through
//
// [Room.Send] and [Call] return once the server has handled the message, or with
// its refusal, an [*Error]. Where the connection breaks before the answer, the
// message is sent again under the same number, and the server handles it once.
// Where the server has lost the session as well, nobody knows what became of the
// message: the error has [CodeOutcomeUnknown]. What was not sent yet is sent in the
// next session. [Room.Post] waits for nothing and promises nothing.
//
// What is received comes once and in the order of its room. What is missing is
// told where it is missing, by [Room.OnGap]. After a lost session that is all of
// each room, which the client then joins again with the parameters of its first
// join; a room that refuses tells OnError and OnClosed.
//
// # Callbacks
//
// Callbacks run one at a time, in the order of the wire, on a goroutine of the
// session. They may use the client as everybody else may: Send, Call, Join and
// Close among it. Only one thing they must not wait for, another callback.
//
// Answers take no part in that order. They are given to whoever waits as soon as
// they are read, and so is what [Room.Members] and [Room.Count] tell. When Send
// returns, callbacks of what came before its answer may still be waiting.
//
// # Slow callbacks
//
// What waits for the callbacks is bounded, by [Options.InboxMessages] and
// [Options.InboxBytes]. When that is full, the client stops reading, so that the
// network holds the server back, and the server decides how long it has patience.
//
// The exception is what keeps callbacks from blocking themselves: while anybody
// waits for an answer, the client reads on to find it, and takes up to four times
// as much. What does not fit even then is given up and told as a gap, so that
// the answer is found in any case. What tells of rooms and of the connection
// itself always has a place.
//
// # Closing
//
// Who was disconnected by the application, or has broken the protocol, stays
// away; [Conn.Done] and [Conn.Err] tell. Who is not authenticated any more comes
// back once, with a fresh [Options.Token]; who sent too much, after half a minute.
// Everything else is a matter of the network, and the client comes back.
package client
