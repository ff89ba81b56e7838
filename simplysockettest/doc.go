// Package simplysockettest runs rooms in a test: no server, no port, no sleep. Time is
// virtual and moves only when the test says so, so a test takes microseconds and has the
// same result on each run.
//
//	room := simplysockettest.Open(t, "game/1", game.Room)
//	ann, bob := room.Join("ann"), room.Join("bob")
//	ann.Send("start-the-game", nil)
//	simplysockettest.Expect(bob, "round-started", func(r Round) bool { return r.Number == 1 })
//	room.Advance(11 * time.Second)
//	ann.Drop()
//	room.Advance(5 * time.Second)
//	ann.Resume()
//
// The guide docs/testing.md of the module goes from the first test to exploration and
// recordings. In an Example function, which has no t, use [Example].
//
// # What runs
//
// The room is the real one: its setup, handlers, hooks, middleware, timers and tasks. Each
// call of a method is an entry, which the room handles before the method returns. By then
// every client has received what the entry has caused, so there is nothing to wait for.
// All of it runs on the goroutine of the test; a handler must not use the kit.
//
// Timers that are due at once have run when a method returns. Others run in [Room.Advance],
// in the order in which they are due, each at its own time. A task waits until the test
// runs, finishes or fails it: see [Room.Tasks].
//
// # What clients receive
//
// A message waits in its client until the test reads it. [Expect] reads the next message of
// one action; messages of other actions wait on. So a test reads what it is about, in any
// order between actions, and nothing is passed over in silence: the next message of an
// action is the next one that came, whether it is as expected or not. [ExpectNone] fails
// where an unread one waits, [ExpectActions] takes all that waits in its order, and
// [Client.Skip] reads all that has come so far. The messages of the protocol, such as
// client-joined-room, wait like any other. Answers do not: [Client.Send] and [Client.Call]
// return them.
//
// A client that is dropped receives nothing. When it resumes, it gets what it has missed,
// as a real client does; what the room's history no longer has is a message `gap`, see
// [Gap]. For every client the kit checks that messages come in order, none twice, and none
// is missing without a gap. With [Client.Cut] the room does not notice that the connection
// is broken, and with [Client.Resend] a client sends again what it has read no answer to.
//
// # What fails a test
//
// A message or a join that is refused, unless the test says that it is: with
// [Client.SendRefused] and [Room.JoinRefused], or by asking for the error with
// [Client.TrySend], [Client.Call] and [Room.TryJoin]. An error of a hook, a timer or a
// beat, which in a server only the log tells of, and a panic: unless it happens in
// [Room.ExpectFailure]. The room's log goes to the log of the test.
//
// # Rooms that forget
//
// With [Forgetful] the room is run a second time beside the first, and before each entry
// that one is thrown away and restored. The first thing in which they differ fails the
// test: the room has kept something in a plain variable, which does not outlive its
// process. So does a value that was changed without being set, and a state that is
// different after an error, unless [KeptOnError] names it.
//
// # Crashes
//
// [Room.Crash] ends the process of the room and starts it again some time later. Unlike what
// [Forgetful] does, the room's code sees it: OnRestore runs, members are away or have left,
// and tasks were interrupted. What holds afterwards is for the test to say.
//
// # Rooms that are explored
//
// [Explore] does what no test thinks of. It needs no more than the room; what must always
// hold is an invariant:
//
//	simplysockettest.Explore(t, "game/1", game.Room, func(x *simplysockettest.Exploration) {
//		x.Invariant("nobody owes points", func(room *simplysockettest.Room) error {
//			for id, n := range simplysockettest.TableOf[string, int](room, "points") {
//				if n < 0 {
//					return fmt.Errorf("%s has %d", id, n)
//				}
//			}
//			return nil
//		})
//	})
//
// The failure that it finds is printed with the fewest steps that lead to it, as a test.
//
// # Recordings
//
// A room that was recorded on a server, with [simplysocket.RoomRef.Record] or
// [simplysocket.Options.Record], is a test: [Replay] runs what has happened to it against
// the code there is now, and fails where a room answers differently. [ReplayTest] writes
// such a test, [WriteScript] writes a recording as calls of this package, and [RecordTo]
// records a room under test.
//
// # What is not there
//
// No limits of rates, mailboxes and outboxes, and no delay by [simplysocket.Room]'s
// SetFlushInterval. What it tells other rooms is noted, see [Room.Told], and so is a member's
// join of another room, see [Client.Redirects]; neither takes place. A
// [simplysocket.RoomRef] reaches the room under test alone, and there is no
// [simplysocket.Client] of a member. For all of these, run a whole server in memory: see
// [Serve]. A panic closes the room, as on a server without an engine.
package simplysockettest
