package simplysocket_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
)

func TestTrace(t *testing.T) {
	var mu sync.Mutex
	var events []string
	note := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, fmt.Sprintf(format, args...))
	}
	gone := make(chan struct{})
	h := serve(t, false, &simplysocket.Options{Trace: &simplysocket.Trace{
		Connect:    func(i simplysocket.ConnectInfo) { note("connect %v", i.Client != "" && i.Address != "") },
		Disconnect: func(i simplysocket.DisconnectInfo) { note("disconnect %d %s", i.Code, i.Reason); close(gone) },
		Join:       func(i simplysocket.JoinInfo) { note("join %s %d", i.Room, i.Members) },
		Leave:      func(i simplysocket.LeaveInfo) { note("leave %s %d %s", i.Room, i.Members, i.Reason) },
		Message: func(i simplysocket.MessageInfo) {
			note("message %s %s %d", i.Room, i.Action, i.Bytes)
			panic("a trace that panics harms nobody")
		},
	}})
	c := h.member("r")
	c.Call("list-members", "", nil) // the lobby has let it in
	c.Call("x", "r", object{"a": 1})
	c.Call("leave-room", "r", nil)
	_ = c.Conn.WriteClose(1000, "bye")
	<-gone
	mu.Lock()
	defer mu.Unlock()
	got := strings.Join(events, ", ")
	for _, want := range []string{"connect true", "join lobby 1", "join r 1", "message r x 7", "leave r 0 left", "disconnect 1000 bye"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in %s", want, got)
		}
	}
	if s := h.Stats(); s.Connects != 1 || s.Disconnects != 1 || s.Joins != 2 || s.Received != 4 || s.Delivered == 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestTraceMayAnswer: a Trace sends to a client whose outbox has just overflowed.
func TestTraceMayAnswer(t *testing.T) {
	var h *host
	told := make(chan error, 1)
	h = serve(t, false, &simplysocket.Options{OutboxBytes: 32 << 10, Trace: &simplysocket.Trace{Drop: func(i simplysocket.DropInfo) {
		if c := h.Client(i.Client); c != nil {
			told <- c.Send("sorry", nil)
			return
		}
		told <- simplysocket.ErrClientGone
	}}})
	page := h.raw("", v1)
	page.Write(`{"action":"hello"}`)
	client := h.Client(page.Expect("welcome").Field("client"))
	page.Pause()
	for done := false; !done; {
		select {
		case err := <-told:
			if err != nil { // the session waits for its client
				t.Errorf("Send: %v", err)
			}
			done = true
		default:
			_ = client.Send("news", note{strings.Repeat("x", 30<<10)})
		}
	}
}

// TestUnheardErrors: an error that reaches no client and no caller is logged.
func TestUnheardErrors(t *testing.T) {
	var log bytes.Buffer
	var mu sync.Mutex
	h := serve(t, false, &simplysocket.Options{
		Logger:                   slog.New(slog.NewTextHandler(lockedWriter{&mu, &log}, nil)),
		LobbyDeliveriesPerSecond: 1,
	}, func(s *simplysocket.Server) {
		s.HandleRoom("r", func(room *simplysocket.Room) error {
			bell := simplysocket.NewTimer(room, "bell", func(note) error { return simplysocket.Errorf("no-bell", "it is broken") })
			simplysocket.On(room, "ring", func(*simplysocket.Member, simplysocket.None) error { bell.Set(0, note{}); return nil })
			return nil
		})
		s.HandleRoom("lobby", func(room *simplysocket.Room) error {
			siren := simplysocket.NewTimer(room, "siren", func(note) error {
				return errors.Join(room.Broadcast("x", nil), room.Broadcast("x", nil))
			})
			simplysocket.OnServer(room, "wail", func(simplysocket.None) error { siren.Set(0, note{}); return nil })
			return nil
		})
	})
	c := h.member("r")
	c.Call("ring", "r", nil)
	if err := h.Room("lobby").Send("wail", nil); err != nil {
		t.Fatal(err)
	}
	if err := h.Room("r").Send("nobody-handles-this", nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"no-bell", "rate-limited", "nobody-handles-this"} {
		waitFor(t, want+" in the log", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return strings.Contains(log.String(), want)
		})
	}
}
