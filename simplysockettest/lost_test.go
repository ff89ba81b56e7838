package simplysockettest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// tally keeps a state and tables, and tells of every connection that it hears of.
func tally(room *simplysocket.Room) error {
	sum := simplysocket.NewState(room, "sum", number{})
	by := simplysocket.NewTable[string, number](room, "by")
	at := simplysocket.NewTable[int64, string](room, "at")
	count := simplysocket.NewTable[uint64, bool](room, "count")
	room.OnDrop(func(m *simplysocket.Member) error { return room.Broadcast("dropped", word{m.ID()}) })
	room.OnResume(func(m *simplysocket.Member) error { return room.Broadcast("resumed", word{m.ID()}) })
	simplysocket.OnCall(room, "add", func(m *simplysocket.Member, n number) (number, error) {
		if n.N < 0 {
			return number{}, refuse("too few")
		}
		sum.N += n.N
		by.Set(m.ID(), n)
		at.Set(-int64(n.N), m.ID())
		count.Set(uint64(sum.N), true)
		return *sum, room.Broadcast("sum", *sum)
	})
	return nil
}

// TestCut: what the room sends to a client whose connection is broken is lost, until the
// client resumes, whether the room has noticed or not.
func TestCut(t *testing.T) {
	for _, noticed := range []bool{true, false} {
		room := kit.Open(t, "r", tally, kit.Forgetful())
		ann, bob := room.Join("ann"), room.Join("bob")
		ann.Skip()
		ann.Cut()
		bob.Send("add", number{1})
		var got number
		if err := ann.Call("add", number{2}, &got); err != nil || got.N != 3 {
			t.Errorf("%v, %v", got, err)
		}
		if !ann.Away() || !ann.IsMember() || len(ann.Messages()) != 0 {
			t.Errorf("away is %v, member %v, received %v", ann.Away(), ann.IsMember(), ann.Messages())
		}
		want := []string{"sum", "sum"}
		if noticed {
			ann.Drop()
			want = append(want, "dropped", "resumed")
		}
		ann.Resume()
		got.N = 0
		if err := ann.Resend(); err != nil || ann.Away() {
			t.Errorf("%v, and away is %v", err, ann.Away())
		}
		var actions []string
		for _, m := range ann.Messages() {
			if m.Action != "client-presence" {
				actions = append(actions, m.Action)
			}
		}
		if !slices.Equal(actions, want) {
			t.Errorf("noticed is %v, and ann has received %q", noticed, actions)
		}
		if sum := kit.StateOf[number](room, "sum"); sum.N != 3 {
			t.Errorf("what was sent again was handled again: %d", sum.N)
		}
		room.Advance(time.Hour)
		if !ann.IsMember() {
			t.Error("ann has left")
		}
	}
}

// TestCutKicked: a client learns that it is no member when it is back.
func TestCutKicked(t *testing.T) {
	room := kit.Open(t, "r", tally)
	ann := room.Join("ann")
	ann.Skip()
	ann.Cut()
	room.Close()
	ann.Resume()
	kit.ExpectActions(ann, "left-room")
}

// TestResend: an answer is given again, also one that refuses.
func TestResend(t *testing.T) {
	room := kit.Open(t, "r", tally, kit.Forgetful())
	ann := room.Join("ann")
	ann.SendRefused("refused", "add", number{-1})
	ann.Drop()
	ann.Resume()
	if err := ann.Resend(); err == nil || err.Error() != "refused: too few" {
		t.Error(err)
	}
	mustFail(t, func(t testing.TB) {
		ann := kit.Open(t, "r", tally).Join("ann")
		ann.Send("add", number{1})
		_ = ann.Resend()
	}, "ann has nothing to send again over this connection")
	mustFail(t, func(t testing.TB) {
		ann := kit.Open(t, "r", tally).Join("ann")
		ann.Cut()
		ann.Cut()
	}, "the connection of ann is broken already")
	mustFail(t, func(t testing.TB) {
		ann := kit.Open(t, "r", tally).Join("ann", kit.Plain())
		ann.Cut()
		ann.Resume()
	}, "ann has no session and cannot resume")
}

// TestKept: a test reads what the room keeps.
func TestKept(t *testing.T) {
	room := kit.Open(t, "r", tally)
	ann, bob := room.Join("ann"), room.Join("bob")
	ann.Send("add", number{1})
	bob.Send("add", number{2})
	got := fmt.Sprint(kit.StateOf[number](room, "sum"), kit.TableOf[string, number](room, "by"),
		kit.TableOf[int64, string](room, "at"), kit.TableOf[uint64, bool](room, "count"))
	if want := "{3} map[ann:{1} bob:{2}] map[-2:bob -1:ann] map[1:true 3:true]"; got != want {
		t.Error(got)
	}
	for want, test := range map[string]func(*kit.Room){
		`"x": its setup has declared no such value`: func(r *kit.Room) { kit.StateOf[number](r, "x") },
		`"by" is no state`:                          func(r *kit.Room) { kit.StateOf[number](r, "by") },
		`the state "sum" is no int`:                 func(r *kit.Room) { kit.StateOf[int](r, "sum") },
		`the table "by" is no map[int]`:             func(r *kit.Room) { kit.TableOf[int, number](r, "by") },
	} {
		mustFail(t, func(t testing.TB) {
			room := kit.Open(t, "r", tally)
			room.Join("ann").Send("add", number{1})
			test(room)
		}, want)
	}
}
