package simplysocket_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// brokenError is an error of the application whose methods panic on a nil pointer.
type brokenError struct{ inner error }

func (e *brokenError) Error() string        { return e.inner.Error() }
func (e *brokenError) Unwrap() error        { return e.inner }
func (e *brokenError) Is(target error) bool { return errors.Is(e.inner, target) }

// hostileError panics in every method.
type hostileError struct{}

func (hostileError) Error() string   { panic("Error") }
func (hostileError) As(any) bool     { panic("As") }
func (hostileError) Is(error) bool   { panic("Is") }
func (hostileError) Unwrap() []error { panic("Unwrap") }

// hostileErrors must become `internal`, and leave the room as it was.
func hostileErrors() map[string]error {
	return map[string]error{
		"typed nil of the package":    (*simplysocket.Error)(nil),
		"wrapped typed nil":           fmt.Errorf("wrapped: %w", (*simplysocket.Error)(nil)),
		"typed nil that unwraps":      (*brokenError)(nil),
		"joined with a typed nil":     errors.Join(errors.New("x"), (*brokenError)(nil)),
		"panics in every method":      hostileError{},
		"wraps what panics":           &brokenError{hostileError{}},
		"code that is not one":        &simplysocket.Error{Code: "Not A Code", Message: "x"},
		"code that is empty, wrapped": fmt.Errorf("wrapped: %w", &simplysocket.Error{Message: "x"}),
	}
}

// TestHostileErrors: an error is a value of the application, and its methods are the
// application's code.
func TestHostileErrors(t *testing.T) {
	for name, hostile := range hostileErrors() {
		t.Run(name, func(t *testing.T) {
			joins := true
			h := serve(t, false, &simplysocket.Options{Trace: &simplysocket.Trace{
				Message: func(info simplysocket.MessageInfo) {
					if info.Err != nil {
						_ = errors.Is(info.Err, context.Canceled) // the application may use it as it likes
					}
				},
			}}, func(s *simplysocket.Server) {
				s.HandleRoom("r", func(room *simplysocket.Room) error {
					room.OnJoin(func(*simplysocket.Join) error {
						if joins {
							return nil
						}
						return hostile
					})
					room.OnLeave(func(*simplysocket.Member, simplysocket.LeaveReason) error { return hostile })
					simplysocket.On(room, "x", func(*simplysocket.Member, simplysocket.None) error { return hostile })
					simplysocket.OnServer(room, "x", func(simplysocket.None) error { return hostile })
					simplysocket.On(room, "close-door", func(*simplysocket.Member, simplysocket.None) error { joins = false; return nil })
					simplysocket.On(room, "fine", func(*simplysocket.Member, simplysocket.None) error { return nil })
					return nil
				})
				s.HandleRoom("setup", func(*simplysocket.Room) error { return hostile })
			})
			c, d := h.member("r"), h.member("r")
			c.Refused("x", "r", nil, "internal")
			if err := h.Room("r").Call(t.Context(), "x", nil, nil); err == nil {
				t.Error("Call succeeded")
			}
			c.Refused("join-room", "setup", nil, "internal")
			d.Call("leave-room", "r", nil)
			c.Call("close-door", "r", nil)
			d.Refused("join-room", "r", nil, "internal")
			c.Call("fine", "r", nil)
		})
	}
}

// TestErrorReachesTheWireSound: what the peer may know is made valid for the protocol.
func TestErrorReachesTheWireSound(t *testing.T) {
	h := coded(t, "r", func(room *simplysocket.Room) error {
		simplysocket.On(room, "long", func(*simplysocket.Member, simplysocket.None) error {
			return simplysocket.Errorf("too-long", "%s", strings.Repeat("é", 1<<20))
		})
		simplysocket.On(room, "bytes", func(*simplysocket.Member, simplysocket.None) error {
			return &simplysocket.Error{Code: "odd", Message: "caf\xe9"}
		})
		return nil
	})
	c := h.member("r")
	if m := c.Ask("long", "r", nil); m.Code() != "too-long" || len(m.Body) > 8<<10 {
		t.Errorf("code %q, %d bytes", m.Code(), len(m.Body))
	}
	if m := c.Ask("bytes", "r", nil); m.Code() != "odd" || m.Field("message") != "caf\ufffd" {
		t.Errorf("got %v", m)
	}
}

// TestOwnErrorIsFoundAgain: the caller of Call is the application, and gets its own error
// back.
func TestOwnErrorIsFoundAgain(t *testing.T) {
	mine := errors.New("mine")
	h := coded(t, "r", func(room *simplysocket.Room) error {
		simplysocket.OnServer(room, "x", func(simplysocket.None) error { return fmt.Errorf("while: %w", mine) })
		return nil
	})
	h.member("r")
	if err := h.Room("r").Call(t.Context(), "x", nil, nil); !errors.Is(err, mine) {
		t.Errorf("got %v", err)
	}
}

// hostileTrace fails in every function, in the given way.
func hostileTrace(fail func()) *simplysocket.Trace {
	return &simplysocket.Trace{
		Connect:    func(simplysocket.ConnectInfo) { fail() },
		Disconnect: func(simplysocket.DisconnectInfo) { fail() },
		Join:       func(simplysocket.JoinInfo) { fail() },
		Leave:      func(simplysocket.LeaveInfo) { fail() },
		Message:    func(simplysocket.MessageInfo) { fail() },
		Drop:       func(simplysocket.DropInfo) { fail() },
		Panic:      func(simplysocket.PanicInfo) { fail() },
	}
}

// TestHostileTraces: neither a panic nor a Goexit in a Trace or a log handler affects a
// client, and no place is lost.
func TestHostileTraces(t *testing.T) {
	for name, fail := range map[string]func(){"panic": func() { panic("trace") }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			h := serve(t, false, &simplysocket.Options{
				Trace:  hostileTrace(fail),
				Logger: slog.New(hostileHandler{fail}),
			}, func(s *simplysocket.Server) {
				s.HandleRoom("r", func(room *simplysocket.Room) error {
					simplysocket.On(room, "boom", func(*simplysocket.Member, simplysocket.None) error { panic("boom") })
					simplysocket.On(room, "exit", func(*simplysocket.Member, simplysocket.None) error { runtime.Goexit(); return nil })
					simplysocket.On(room, "fine", func(*simplysocket.Member, simplysocket.None) error { return nil })
					return nil
				})
			})
			c, p := h.connect(), h.page()
			for _, action := range []string{"boom", "exit"} {
				c.Call("join-room", "r", nil)
				p.Call("join-room", "r", nil)
				c.Refused(action, "r", nil, "internal")
				c.Expect("room-closed")
			}
			p.cut()
			p.resume()
			c.Call("join-room", "r", nil)
			c.Call("fine", "r", nil)
			c.CutOff()
			p.forgetAll()
			h.waitForClients(0)
		})
	}
}

// forgetAll ends the page's session.
func (p *page) forgetAll() {
	_ = p.Conn.WriteClose(1000, "")
	p.CutOff()
}

// hostileHandler is a log handler that fails once it is switched on.
type hostileHandler struct{ fail func() }

func (h hostileHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h hostileHandler) Handle(context.Context, slog.Record) error {
	h.fail()
	return nil
}
func (h hostileHandler) WithAttrs([]slog.Attr) slog.Handler { panic("WithAttrs") }
func (h hostileHandler) WithGroup(string) slog.Handler      { panic("WithGroup") }

// moody panics when it is encoded or decoded, once On is true.
type moody struct{ On *bool }

func (m moody) MarshalJSON() ([]byte, error) {
	if *m.On {
		panic("MarshalJSON")
	}
	return []byte(`{"a":1}`), nil
}

func (m *moody) UnmarshalJSON([]byte) error { panic("UnmarshalJSON") }

// TestHostileValues: a value that cannot be encoded is an error for the code that made
// it, wherever that code runs.
func TestHostileValues(t *testing.T) {
	on := true
	bad := moody{&on}
	badJSON := json.RawMessage("{\"name\":\"caf\xe9\"}")
	h := coded(t, "r", func(room *simplysocket.Room) error {
		for name, value := range map[string]any{"moody": bad, "utf8": badJSON, "channel": make(chan int), "deep": deep(100)} {
			simplysocket.On(room, name, func(m *simplysocket.Member, _ simplysocket.None) error {
				for what, err := range map[string]error{
					"Broadcast": room.Broadcast("x", value),
					"Send":      m.Send("x", value),
					"JoinRoom":  m.JoinRoom("r", value),
				} {
					if err == nil {
						t.Errorf("%s of %s succeeded", what, name)
					}
				}
				return nil
			})
			simplysocket.OnCall(room, "reply-"+name, func(*simplysocket.Member, simplysocket.None) (any, error) { return value, nil })
		}
		room.OnJoin(func(j *simplysocket.Join) error {
			if j.Welcome(bad) == nil || j.Announce(bad) == nil {
				t.Error("a welcome or announcement that panics was accepted")
			}
			return nil
		})
		return nil
	})
	c := h.member("r")
	client := h.Client(c.id)
	for name, value := range map[string]any{"moody": bad, "utf8": badJSON, "deep": deep(100)} {
		c.Call(name, "r", nil)
		c.Refused("reply-"+name, "r", nil, "internal")
		for what, err := range map[string]error{
			"Client.Send":       client.Send("x", value),
			"Client.SetInfo":    client.SetInfo(value),
			"Client.Join":       client.Join("r", value),
			"RoomRef.Send":      h.Room("r").Send("x", value),
			"RoomRef.Broadcast": h.Room("r").Broadcast("x", value),
			"RoomRef.Call":      h.Room("r").Call(t.Context(), "x", value, nil),
			"UserRef.Send":      h.User("nobody").Send("x", value),
		} {
			if err == nil {
				t.Errorf("%s of %s succeeded", what, name)
			}
		}
	}
	c.Call("channel", "r", nil)
}

// deep is a body with that many levels.
func deep(levels int) json.RawMessage {
	return json.RawMessage(strings.Repeat(`{"a":`, levels) + "1" + strings.Repeat("}", levels))
}

// TestHostileReply: if decoding the reply panics, Call returns an error.
func TestHostileReply(t *testing.T) {
	h := coded(t, "r", func(room *simplysocket.Room) error {
		simplysocket.OnServerCall(room, "x", func(simplysocket.None) (note, error) { return note{"x"}, nil })
		return nil
	})
	h.member("r")
	if err := h.Room("r").Call(t.Context(), "x", nil, &moody{}); err == nil {
		t.Error("a panic in UnmarshalJSON was returned as a reply")
	}
}

// TestListedValueThatPanics: the value is encoded where it is set, in the handler.
func TestListedValueThatPanics(t *testing.T) {
	key := simplysocket.NewKey[moody]("k", simplysocket.Listed())
	h := coded(t, "r", func(room *simplysocket.Room) error {
		on := false
		key.Set(room, moody{&on})
		simplysocket.On(room, "x", func(*simplysocket.Member, simplysocket.None) error {
			on = true
			key.Set(room, moody{&on})
			return nil
		})
		simplysocket.On(room, "later", func(*simplysocket.Member, simplysocket.None) error {
			on = true // the listing shows the value as it was set
			room.SetHidden(false)
			return nil
		})
		return nil
	})
	c := h.member("r")
	c.Call("later", "r", nil)
	if m := c.Call("list-rooms", "", nil); !strings.Contains(string(m.Body), `"properties":{"k":{"a":1}}`) {
		t.Errorf("got %v", m)
	}
	c.Refused("x", "r", nil, "internal")
	c.Expect("room-closed")
	c.Call("join-room", "r", nil)
}

// TestHostileTasks: whatever a task does, its result arrives.
func TestHostileTasks(t *testing.T) {
	on := true
	for name, run := range map[string]func(context.Context, int) (any, error){
		"not UTF-8":        func(context.Context, int) (any, error) { return json.RawMessage("{\"a\":\"caf\xe9\"}"), nil },
		"Goexit":           func(context.Context, int) (any, error) { runtime.Goexit(); return nil, nil },
		"panic":            func(context.Context, int) (any, error) { panic("task") },
		"panics encoded":   func(context.Context, int) (any, error) { return moody{&on}, nil },
		"typed nil":        func(context.Context, int) (any, error) { return nil, (*brokenError)(nil) },
		"nil of ours":      func(context.Context, int) (any, error) { return nil, (*simplysocket.Error)(nil) },
		"error that fails": func(context.Context, int) (any, error) { return nil, hostileError{} },
	} {
		t.Run(name, func(t *testing.T) {
			h := coded(t, "r", func(room *simplysocket.Room) error {
				task := simplysocket.NewTask(room, "t", run, func(_ int, _ any, err error) error {
					if err == nil {
						t.Error("the task succeeded")
					}
					return room.Broadcast("done", nil)
				})
				simplysocket.On(room, "x", func(*simplysocket.Member, simplysocket.None) error { task.Start(1); return nil })
				return nil
			})
			c := h.member("r")
			c.Call("x", "r", nil)
			c.Expect("done")
		})
	}
}

// TestHostileHandshakes: a request keeps no place if the application breaks its goroutine
// or its hijacking.
func TestHostileHandshakes(t *testing.T) {
	fail := map[string]func(){"panic": func() { panic("no") }, "Goexit": runtime.Goexit}
	h := serve(t, false, &simplysocket.Options{MaxClients: 2, Authenticate: func(r *http.Request) (simplysocket.Identity, error) {
		if f := fail[r.Header.Get("X-Fail")]; f != nil {
			f()
		}
		return simplysocket.Identity{}, map[string]error{"typed nil": (*brokenError)(nil)}[r.Header.Get("X-Fail")]
	}})
	for range 3 {
		for _, how := range []string{"panic", "Goexit", "typed nil"} {
			if _, err := h.try("", header("X-Fail", how)); how != "typed nil" && err == nil {
				t.Errorf("%s was admitted", how)
			}
			h.waitForClients(0)
		}
	}
	h.connect()
}

// bareHijacker returns no buffers, as a middleware may.
type bareHijacker struct{ http.ResponseWriter }

func (b bareHijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	nc, _, err := http.NewResponseController(b.ResponseWriter).Hijack()
	return nc, nil, err
}

func TestHijackWithoutBuffers(t *testing.T) {
	h := serve(t, false, nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := simplysocket.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(bareHijacker{w}, r) }))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	h.URL = "ws://" + listener.Addr().String() + "/ws"
	h.member("r").Call("x", "r", nil)
}

// TestMiddlewareThatReturnsNothing: such a room does not open, instead of failing at each
// message.
func TestMiddlewareThatReturnsNothing(t *testing.T) {
	h := coded(t, "r", func(room *simplysocket.Room) error {
		room.Use(func(simplysocket.Handler) simplysocket.Handler { return nil })
		simplysocket.On(room, "x", func(*simplysocket.Member, simplysocket.None) error { return nil })
		return nil
	})
	h.connect().Refused("join-room", "r", nil, "internal")
	if got := h.Stats().Panics; got != 0 {
		t.Errorf("%d panics", got)
	}
}

// TestApplicationSendsNoneOfTheProtocols: clients act on the protocol's actions, so only
// the server sends them.
func TestApplicationSendsNoneOfTheProtocols(t *testing.T) {
	h := serve(t, false, nil)
	c := h.member("r")
	for _, action := range []string{protocol.ActionWelcome, protocol.ActionAck, protocol.ActionLeftRoom, protocol.ActionJoinedRoom, protocol.ActionClientPresence, "client-anything", "$x"} {
		if err := h.Client(c.id).Send(action, nil); !errors.Is(err, simplysocket.ErrBadAction) {
			t.Errorf("%s: %v", action, err)
		}
	}
}

// exitingLog is a log handler that ends the goroutine of its caller.
type exitingLog struct{ slog.Handler }

func (exitingLog) Enabled(context.Context, slog.Level) bool { runtime.Goexit(); return true }

// TestLogThatExits: a failing handler is answered, whatever the log handler does.
func TestLogThatExits(t *testing.T) {
	h := serve(t, false, &simplysocket.Options{Logger: slog.New(exitingLog{slog.DiscardHandler})}, func(s *simplysocket.Server) {
		s.HandleRoom("r", func(room *simplysocket.Room) error {
			simplysocket.On(room, "fail", func(*simplysocket.Member, simplysocket.None) error { return errors.New("failed") })
			simplysocket.OnCall(room, "ping", func(*simplysocket.Member, simplysocket.None) (note, error) { return note{"pong"}, nil })
			return nil
		})
	})
	c := h.member("r")
	c.Refused("fail", "r", nil, string(protocol.CodeInternal))
	c.Call("ping", "r", nil)
}
