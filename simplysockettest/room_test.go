package simplysockettest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

type (
	number struct{ N int }
	word   struct{ Word string }
	note   struct{ Message string }
)

// game is a room with a bit of everything. What it keeps in plain variables is lost by a
// restore.
func game(room *simplysocket.Room) error {
	round, scores := 0, map[string]int{}
	timeUp := simplysocket.NewTimer(room, "time-up", func(n number) error { return room.Broadcast("time-up", n) })
	lookup := simplysocket.NewTask(room, "lookup", func(_ context.Context, q word) (number, error) {
		if q.Word == "" {
			return number{}, errors.New("no word")
		}
		return number{len(q.Word)}, nil
	}, func(q word, n number, err error) error {
		if err != nil {
			return room.Broadcast("unknown", note{err.Error()})
		}
		return room.Broadcast("known", map[string]any{"word": q.Word, "letters": n.N})
	})
	simplysocket.On(room, "start", func(*simplysocket.Member, simplysocket.None) error {
		round++
		timeUp.Set(10*time.Second, number{round})
		return room.Broadcast("round-started", number{round})
	})
	simplysocket.OnCall(room, "guess", func(m *simplysocket.Member, w word) (number, error) {
		if round == 0 {
			return number{}, simplysocket.Errorf("no-round", "nobody has started")
		}
		scores[m.ID()]++
		return number{scores[m.ID()]}, room.Broadcast("guessed", w, simplysocket.From(m), simplysocket.Except(m))
	})
	simplysocket.On(room, "look-up", func(_ *simplysocket.Member, w word) error {
		lookup.Start(w)
		return nil
	})
	return nil
}

func TestGame(t *testing.T) {
	room := kit.Open(t, "game/1", game)
	ann, bob := room.Join("ann"), room.Join("bob")
	ann.SendRefused("no-round", "guess", word{"go"})
	ann.Send("start", nil)
	kit.Expect(bob, "round-started", func(n number) bool { return n.N == 1 })
	room.Advance(9 * time.Second)
	kit.ExpectNone(bob, "time-up")

	var score number
	if err := bob.Call("guess", word{"go"}, &score); err != nil || score.N != 1 {
		t.Errorf("the reply is %v, %v", score, err)
	}
	kit.Expect(ann, "guessed", func(w word) bool { return w.Word == "go" })
	kit.ExpectNone(bob, "guessed")

	room.Advance(time.Second)
	kit.Expect(bob, "time-up", func(n number) bool { return n.N == 1 })
	if m := ann.Messages(); m[len(m)-1].Action != "time-up" || !m[len(m)-1].Time.Equal(room.Now()) {
		t.Errorf("at %v: %v", room.Now(), m)
	}
	ann.Skip()
	kit.ExpectActions(ann)
	kit.ExpectActions(bob, "joined-room")
	if got := room.Members(); !slices.Equal(got, []string{"ann", "bob"}) {
		t.Errorf("the members are %v", got)
	}
}

// TestSameEachTime: two runs differ in nothing.
func TestSameEachTime(t *testing.T) {
	run := func(opts ...kit.Option) string {
		room := kit.Open(t, "dice", func(room *simplysocket.Room) error {
			room.SetTimestamps(true)
			simplysocket.On(room, "roll", func(m *simplysocket.Member, _ simplysocket.None) error {
				return room.Broadcast("rolled", number{room.Rand().IntN(1 << 30)}, simplysocket.From(m))
			})
			return nil
		}, opts...)
		ann := room.Join("ann")
		for range 5 {
			room.Advance(time.Second)
			ann.Send("roll", nil)
		}
		return fmt.Sprint(ann.Messages(), room.Now())
	}
	if one, two := run(), run(); one != two {
		t.Errorf("%s\n%s", one, two)
	}
	if one, two := run(), run(kit.Seed(2)); one == two {
		t.Errorf("with another seed: %s", two)
	}
	if now := run(kit.StartAt(time.Unix(1e9, 0).UTC())); !strings.Contains(now, "2001-09-09 01:46:45") {
		t.Error(now)
	}
}

func TestTasks(t *testing.T) {
	room := kit.Open(t, "game/1", game)
	ann := room.Join("ann")
	for _, w := range []string{"apple", "", "pear", "plum"} {
		ann.Send("look-up", word{w})
	}
	ann.Skip()
	tasks := room.Tasks()
	var w word
	if tasks[2].Query(&w); len(tasks) != 4 || w.Word != "pear" || tasks[2].Name() != "lookup" {
		t.Fatalf("%d tasks, the third with %q", len(tasks), w.Word)
	}
	room.Advance(time.Hour) // nobody waits for a task
	kit.ExpectActions(ann)
	tasks[2].Finish(number{77})
	room.Task("lookup").Run()
	room.Task("lookup").Run()
	room.Task("lookup").Fail(simplysocket.Errorf("gone", "the book is lent"))
	type known struct {
		Word    string
		Letters int
	}
	kit.Expect(ann, "known", func(k known) bool { return k == known{"pear", 77} })
	kit.Expect(ann, "known", func(k known) bool { return k == known{"apple", 5} })
	kit.Expect(ann, "unknown", func(n note) bool { return n.Message == "task: no word" })
	kit.Expect(ann, "unknown", func(n note) bool { return n.Message == "gone: the book is lent" })
	if left := room.Tasks(); len(left) != 0 {
		t.Errorf("%d tasks are left", len(left))
	}
}

// TestTaskAsksItsRoom: what a task's function sends with a RoomRef is handled while it
// runs.
func TestTaskAsksItsRoom(t *testing.T) {
	room := kit.Open(t, "r", func(room *simplysocket.Room) error {
		ref := room.Ref()
		task := simplysocket.NewTask(room, "ask", func(ctx context.Context, q number) (number, error) {
			var reply number
			err := ref.Call(ctx, "double", q, &reply)
			return reply, err
		}, func(_, n number, err error) error {
			if err != nil {
				return err
			}
			return room.Broadcast("doubled", n)
		})
		simplysocket.OnServerCall(room, "double", func(n number) (number, error) { return number{2 * n.N}, nil })
		simplysocket.On(room, "go", func(_ *simplysocket.Member, n number) error {
			task.Start(n)
			return room.Ref().Send("note", nil)
		})
		simplysocket.OnServer(room, "note", func(simplysocket.None) error { return room.Broadcast("noted", nil) })
		return nil
	}, kit.Forgetful())
	ann := room.Join("ann")
	ann.Send("go", number{4})
	room.Task("ask").Run()
	kit.Expect(ann, "doubled", func(n number) bool { return n.N == 8 })
	kit.ExpectActions(ann, "joined-room", "noted")
}

func TestDropAndResume(t *testing.T) {
	room := kit.Open(t, "chat", simplysocket.Relay)
	ann, bob := room.Join("ann"), room.Join("bob")
	room.Advance(time.Second)
	ann.Skip()
	ann.Drop()
	bob.Send("say", note{"one"})
	room.Advance(10 * time.Second)
	bob.Send("say", note{"two"})
	kit.ExpectActions(ann)
	if !ann.Away() || !ann.IsMember() {
		t.Error("ann is not away, or no member")
	}
	ann.Resume()
	for _, want := range []string{"one", "two"} {
		kit.Expect(ann, "say", func(n note) bool { return n.Message == want })
	}
	room.Advance(time.Second)
	kit.ExpectActions(ann, "client-presence", "client-presence") // she was away, and is back

	ann.Drop()
	room.Advance(29 * time.Second)
	ann.Resume()
	room.Advance(time.Minute)
	ann.Skip()
	bob.Skip()

	ann.Drop()
	room.Advance(30 * time.Second)
	if reason, left := ann.Left(); !left || reason != simplysocket.LeaveReasonDropped || ann.IsMember() {
		t.Errorf("ann has left: %v, %v", reason, left)
	}
	kit.ExpectActions(bob, "client-presence", "client-left-room")
}

// TestGap: a gap reports what the history no longer has, and what follows it is there.
func TestGap(t *testing.T) {
	room := kit.Open(t, "chat", simplysocket.Relay, kit.ServerOptions(simplysocket.Options{HistoryMessages: 3}))
	ann, bob := room.Join("ann"), room.Join("bob")
	ann.Skip()
	ann.Drop()
	room.Advance(time.Second)
	for n := range 5 {
		bob.Send("say", number{n})
	}
	ann.Resume()
	gap := kit.Expect[kit.Gap](ann, "gap")
	if gap.From == 0 || gap.To < gap.From {
		t.Errorf("the gap is %+v", gap)
	}
	for _, n := range []int{2, 3, 4} {
		kit.Expect(ann, "say", func(got number) bool { return got.N == n })
	}
	kit.ExpectActions(ann)
}

// TestHistoryAge: a client that is away for longer than frames are kept receives a gap.
func TestHistoryAge(t *testing.T) {
	room := kit.Open(t, "chat", simplysocket.Relay, kit.ServerOptions(simplysocket.Options{ResumeWindow: time.Hour, HistoryAge: time.Minute}))
	ann, bob := room.Join("ann"), room.Join("bob")
	ann.Skip()
	ann.Drop()
	bob.Send("say", number{1})
	room.Advance(50 * time.Second)
	bob.Send("say", number{2})
	room.Advance(20 * time.Second)
	ann.Resume()
	kit.ExpectActions(ann, "gap", "say")
}

// TestConflated: of frames that replace each other a client that was away gets the newest,
// and of one entry nobody gets more.
func TestConflated(t *testing.T) {
	room := kit.Open(t, "cursors", func(room *simplysocket.Room) error {
		simplysocket.On(room, "move", func(m *simplysocket.Member, n number) error {
			for range 2 {
				if err := room.Broadcast("moved", n, simplysocket.Conflate(m.ID())); err != nil {
					return err
				}
			}
			return room.Broadcast("blink", nil, simplysocket.Volatile())
		})
		return nil
	})
	ann, bob, cid := room.Join("ann"), room.Join("bob"), room.Join("cid")
	ann.Skip()
	ann.Drop()
	for n := range 3 {
		bob.Send("move", number{n})
		cid.Send("move", number{10 * n})
	}
	bob.Skip()
	cid.Send("move", number{40})
	kit.ExpectActions(bob, "moved", "blink")
	ann.Resume()
	kit.Expect(ann, "moved", func(n number) bool { return n.N == 2 })
	kit.Expect(ann, "moved", func(n number) bool { return n.N == 40 })
	kit.ExpectActions(ann)
}

func TestMembership(t *testing.T) {
	type entry struct{ Password string }
	var left []string
	room := kit.Open(t, "club", func(room *simplysocket.Room) error {
		room.SetCapacity(2)
		room.OnJoin(func(j *simplysocket.Join) error {
			var e entry
			if err := j.Params(&e); err != nil {
				return err
			}
			if e.Password != "swordfish" && j.Identity().User != "boss" {
				return simplysocket.Errorf("no-entry", "wrong password")
			}
			return j.Welcome(note{"hello " + string(j.Info())})
		})
		room.OnLeave(func(m *simplysocket.Member, why simplysocket.LeaveReason) error {
			left = append(left, m.ID()+" "+why.String())
			return nil
		})
		simplysocket.On(room, "kick", func(_ *simplysocket.Member, w word) error {
			room.Kick(room.Member(w.Word))
			return nil
		})
		simplysocket.On(room, "send-away", func(m *simplysocket.Member, w word) error {
			return m.JoinRoom(w.Word, entry{"x"})
		})
		return nil
	})
	room.JoinRefused("no-entry", "eve")
	room.JoinRefused("no-entry", "eve", kit.Params(entry{"guess"}))
	ann := room.Join("ann", kit.Params(entry{"swordfish"}), kit.Info(map[string]string{"color": "red"}))
	kit.Expect(ann, "joined-room", func(n note) bool { return n.Message == `hello {"color":"red"}` })
	boss := room.Join("boss", kit.As(simplysocket.Identity{User: "boss"}), kit.Plain())
	room.JoinRefused("room-full", "bob", kit.Params(entry{"swordfish"}))
	ann.Send("send-away", word{"other"})
	if got := ann.Redirects(); len(got) != 1 || got[0].Room != "other" || string(got[0].Params) != `{"Password":"x"}` {
		t.Errorf("ann was sent to %v", got)
	}

	boss.Send("kick", word{"ann"})
	if reason, is := ann.Left(); !is || reason != simplysocket.LeaveReasonKicked {
		t.Errorf("ann has left: %v, %v", reason, is)
	}
	ann.SendRefused("not-a-member", "kick", word{"boss"})
	ann.Skip()
	room.JoinRefused("no-entry", "ann") // what she has joined with is not remembered
	room.Join("ann", kit.Params(entry{"swordfish"}))
	kit.ExpectActions(ann, "joined-room")
	ann.Leave()
	kit.ExpectActions(ann, "left-room")

	boss.Drop() // it has no session
	if !slices.Equal(left, []string{"ann kicked", "ann left", "boss dropped"}) {
		t.Errorf("%q", left)
	}
	if room.Closed() {
		t.Error("the room has closed at once")
	}
	room.Advance(31 * time.Second)
	if !room.Closed() {
		t.Error("an empty room is open")
	}
}

// TestOpensAgain: a join opens a room that has closed, with nothing of the old one.
func TestOpensAgain(t *testing.T) {
	room := kit.Open(t, "game/1", game, kit.Forgetful())
	ann, bob := room.Join("ann"), room.Join("bob")
	bob.Skip()
	bob.Drop()
	ann.Skip()
	room.Close()
	kit.ExpectActions(ann, "room-closed", "left-room")
	ann.SendRefused("unknown-room", "guess", word{"go"})
	room.Join("ann")
	ann.SendRefused("no-round", "guess", word{"go"})
	if got := room.Members(); !slices.Equal(got, []string{"ann"}) {
		t.Errorf("the members are %v", got)
	}
	bob.Resume() // and learns that the room has gone on without it
	kit.ExpectActions(bob, "left-room")
	room.Join("bob")
	kit.ExpectActions(bob, "joined-room")
}

func TestServersOwnCode(t *testing.T) {
	room := kit.Open(t, "r", func(room *simplysocket.Room) error {
		simplysocket.OnServer(room, "tell", func(n note) error { return room.Broadcast("told", n) })
		simplysocket.OnServerCall(room, "count", func(simplysocket.None) (number, error) {
			if room.Len() == 0 {
				return number{}, simplysocket.Errorf("nobody", "nobody is here")
			}
			return number{room.Len()}, nil
		})
		return nil
	})
	var public *simplysocket.Error
	if err := room.Call("count", nil, nil); !errors.As(err, &public) || public.Code != "nobody" {
		t.Errorf("an empty room: %v", err)
	}
	ann := room.Join("ann")
	var n number
	if err := room.Call("count", nil, &n); err != nil || n.N != 1 {
		t.Errorf("%v, %v", n, err)
	}
	room.Send("tell", note{"hi"})
	room.Broadcast("news", note{"all"}, simplysocket.Except(ann))
	room.Broadcast("news", note{"ann"}, simplysocket.Only(ann))
	kit.Expect(ann, "told", func(n note) bool { return n.Message == "hi" })
	kit.Expect(ann, "news", func(n note) bool { return n.Message == "ann" })
	room.Close()
	if err := room.Call("count", nil, nil); !errors.Is(err, simplysocket.ErrRoomClosed) {
		t.Errorf("a closed room: %v", err)
	}
}

// TestOnServer: a room as it is on a server has the pattern, middleware and options.
func TestOnServer(t *testing.T) {
	srv, err := simplysocket.New(&simplysocket.Options{EmptyRoomTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	srv.Use(func(next simplysocket.Handler) simplysocket.Handler {
		return func(req *simplysocket.Request) (any, error) {
			seen = append(seen, req.Action)
			return next(req)
		}
	})
	setup := func(room *simplysocket.Room) error {
		simplysocket.OnCall(room, "where", func(*simplysocket.Member, simplysocket.None) (word, error) {
			return word{room.Param("id")}, nil
		})
		return nil
	}
	srv.HandleRoom("game/{id}", setup)
	for what, room := range map[string]*kit.Room{
		"on the server": kit.OpenOn(t, srv, "game/7"),
		"by itself":     kit.Open(t, "game/7", setup, kit.Pattern("game/{id}"), kit.ServerOptions(simplysocket.Options{EmptyRoomTimeout: time.Minute})),
	} {
		ann := room.Join("ann")
		var w word
		if err := ann.Call("where", nil, &w); err != nil || w.Word != "7" {
			t.Errorf("%s: %v, %v", what, w, err)
		}
		ann.Leave()
		room.Advance(59 * time.Second)
		if room.Closed() {
			t.Errorf("%s: it has closed", what)
		}
		room.Advance(time.Second)
		if !room.Closed() {
			t.Errorf("%s: it is open", what)
		}
	}
	if !slices.Equal(seen, []string{"where"}) {
		t.Errorf("the middleware has seen %q", seen)
	}
	if n := len(slices.Collect(srv.Rooms())); n != 0 {
		t.Errorf("the server has %d rooms", n)
	}
}

func TestDirectAndHistory(t *testing.T) {
	room := kit.Open(t, "chat", simplysocket.Relay)
	ann, bob := room.Join("ann"), room.Join("bob")
	ann.Direct(bob, "whisper", note{"psst"})
	kit.Expect(bob, "whisper", func(n note) bool { return n.Message == "psst" })
	kit.ExpectNone(ann, "whisper")
	bob.Send("say", note{"one"})
	bob.Send("say", note{"two"})
	page := ann.History(0)
	if len(page) != 2 || page[0].Sender != "bob" || string(page[1].Body) != `{"Message":"two"}` {
		t.Errorf("the history: %v", page)
	}
	if earlier := ann.History(page[1].Seq); len(earlier) != 1 || earlier[0].Seq != page[0].Seq {
		t.Errorf("before %d: %v", page[1].Seq, earlier)
	}
	ann.SetInfo(map[string]string{"name": "Ann"})
	room.Advance(time.Second)
	kit.Expect(bob, "client-presence", func(b struct {
		Clients []struct {
			Client string
			Info   json.RawMessage
		}
	}) bool {
		return len(b.Clients) == 1 && string(b.Clients[0].Info) == `{"name":"Ann"}`
	})
}

// TestOrderOfTime: all that is due in a time happens in its order, at its time.
func TestOrderOfTime(t *testing.T) {
	room := kit.Open(t, "r", func(room *simplysocket.Room) error {
		began := room.Now()
		say := func(what string) error {
			return room.Broadcast(what, map[string]float64{"at": room.Now().Sub(began).Seconds()})
		}
		at := map[string]*simplysocket.Timer[number]{}
		for _, name := range []string{"a", "b", "now"} {
			at[name] = simplysocket.NewTimer(room, name, func(number) error { return say(name) })
		}
		room.Every(2*time.Second, func() error { return say("beat") })
		room.OnLeave(func(*simplysocket.Member, simplysocket.LeaveReason) error { return say("left") })
		simplysocket.On(room, "set", func(*simplysocket.Member, simplysocket.None) error {
			at["a"].Set(5*time.Second, number{})
			at["b"].Set(3*time.Second, number{})
			at["now"].Set(0, number{})
			return nil
		})
		room.SetPresence(false)
		return nil
	}, kit.ServerOptions(simplysocket.Options{ResumeWindow: 3500 * time.Millisecond}))
	ann, bob := room.Join("ann"), room.Join("bob")
	ann.Send("set", nil)
	kit.ExpectActions(ann, "joined-room", "now")
	bob.Drop()
	room.Advance(6 * time.Second)
	var got []string
	for _, m := range ann.Messages() {
		got = append(got, fmt.Sprintf("%s%s", m.Action, m.Body))
	}
	want := []string{`beat{"at":2}`, `b{"at":3}`, `left{"at":3.5}`, `beat{"at":4}`, `a{"at":5}`, `beat{"at":6}`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestExpectLast(t *testing.T) {
	room := kit.Open(t, "r", counter)
	ann := room.Join("ann")
	for range 3 {
		ann.Send("count", number{2})
	}
	kit.ExpectLast(ann, "counted", func(n number) bool { return n.N == 6 })
	kit.ExpectActions(ann, "joined-room")
}

// TestClaims: a member's claims are those of its newest connection.
func TestClaims(t *testing.T) {
	room := kit.Open(t, "r", func(room *simplysocket.Room) error {
		room.OnResume(func(m *simplysocket.Member) error {
			return room.Broadcast("back", word{fmt.Sprint(m.Identity().Claims["role"])})
		})
		return nil
	})
	ann := room.Join("ann", kit.As(simplysocket.Identity{User: "Ann", Claims: map[string]any{"role": "guest"}}))
	ann.Drop()
	ann.ResumeAs(simplysocket.Identity{User: "Ann", Claims: map[string]any{"role": "host"}})
	kit.Expect(ann, "back", func(w word) bool { return w.Word == "host" })
}

// TestRelayRoom: the opener configures a relay room.
func TestRelayRoom(t *testing.T) {
	room := kit.Open(t, "chat", simplysocket.Relay)
	room.Join("ann", kit.Params(map[string]any{"password": "swordfish", "capacity": 2}))
	room.JoinRefused("forbidden", "bob")
	bob := room.Join("bob", kit.Params(map[string]any{"password": "swordfish"}))
	room.JoinRefused("room-full", "cid", kit.Params(map[string]any{"password": "swordfish"}))
	if room.Client("bob") != bob || room.Client("eve") != nil || room.Name() != "chat" {
		t.Error("the room does not know its clients, or its name")
	}
}

// TestLobby: the lobby welcomes nobody by itself and announces nobody.
func TestLobby(t *testing.T) {
	room := kit.Open(t, "lobby", counter)
	ann, bob := room.Join("ann"), room.Join("bob")
	ann.Send("count", number{1})
	bob.Drop()
	ann.Send("count", number{1})
	bob.Resume()
	kit.ExpectActions(ann, "counted", "counted")
	kit.ExpectActions(bob, "counted", "gap") // it keeps nothing
}

// TestNoSessions: without resume, a client that is dropped has left.
func TestNoSessions(t *testing.T) {
	room := kit.Open(t, "r", counter, kit.ServerOptions(simplysocket.Options{DisableResume: true}))
	ann, bob := room.Join("ann"), room.Join("bob")
	bob.Drop()
	if reason, left := bob.Left(); !left || reason != simplysocket.LeaveReasonDropped {
		t.Errorf("bob has left: %v, %v", reason, left)
	}
	kit.ExpectActions(ann, "joined-room", "client-joined-room", "client-left-room")
}
