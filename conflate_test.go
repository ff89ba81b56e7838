package simplysocket_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket"
)

// TestNoticesAreNotConflated: in a room that conflates, each of several members that
// leave together is reported.
func TestNoticesAreNotConflated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, nil, func(s *simplysocket.Server) {
			s.HandleRoom("r", func(room *simplysocket.Room) error {
				room.SetOverflow(simplysocket.OverflowConflate)
				room.SetFlushInterval(50 * time.Millisecond)
				return nil
			})
		})
		witness, a, b := h.member("r"), h.member("r"), h.member("r")
		time.Sleep(time.Second)
		a.Send("leave-room", "r", nil)
		b.Send("leave-room", "r", nil)
		time.Sleep(time.Second)
		left := map[string]bool{}
		for _, m := range witness.Received() {
			if m.Action == "client-left-room" {
				left[m.Field("client")] = true
			}
		}
		if !left[a.id] || !left[b.id] {
			t.Errorf("got notices of %v, want %s and %s", left, a.id, b.id)
		}
	})
}

// TestConflateStopsAtALeave: a member that leaves between two messages of a key gets the
// first: the second is not for it.
func TestConflateStopsAtALeave(t *testing.T) {
	h := serve(t, false, nil, func(s *simplysocket.Server) {
		s.HandleRoom("r", func(room *simplysocket.Room) error {
			simplysocket.On(room, "end", func(m *simplysocket.Member, _ simplysocket.None) error {
				m.Kick()
				return room.Broadcast("score", note{"last"}, simplysocket.Conflate("score"))
			})
			room.OnLeave(func(*simplysocket.Member, simplysocket.LeaveReason) error {
				return room.Broadcast("score", note{"later"}, simplysocket.Conflate("score"))
			})
			return nil
		})
	})
	witness, loser := h.member("r"), h.member("r")
	loser.Send("end", "r", nil)
	for c, want := range map[*peer]string{witness: "later", loser: "last"} {
		m := c.Until("the score or the end", func(m message) bool {
			return m.Action == "score" && m.Field("text") == want || m.Action == "left-room"
		})
		if m.Field("text") != want {
			t.Errorf("got %v, want the %s score", m, want)
		}
	}
}
