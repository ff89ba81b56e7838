package simplysocket_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
)

// beat is the default interval.
const beat = 25 * time.Second

// deaf does not read or answer anything, including pings.
type deaf struct{}

func (deaf) Message([]byte) {}
func (deaf) Ping([]byte)    {}
func (deaf) Pong()          {}

// TestHalfOpen: a silent peer is found within two intervals, whether it still reads or
// not, and the members of its room see it drop.
func TestHalfOpen(t *testing.T) {
	for name, reads := range map[string]bool{"reads": true, "does not read": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := serve(t, true, nil)
				witness := h.member("r")
				conn, err := socket.Dial(t.Context(), h.URL+"?room=r", socket.DialOptions{NetDial: h.Dial, ReadLimit: 1 << 20})
				if err != nil {
					t.Fatal(err)
				}
				if reads {
					go func() { _ = conn.Read(deaf{}) }()
				}
				witness.Expect("client-joined-room")
				time.Sleep(2 * beat)
				synctest.Wait()
				if n := h.Stats().Clients; n != 1 {
					t.Errorf("%d clients after two intervals", n)
				}
				if m := witness.Expect("client-left-room"); m.Field("reason") != "dropped" {
					t.Errorf("got %v", m)
				}
				_ = conn.CloseNow()
			})
		})
	}
}

// TestIdleClientsStay: clients that answer pings are idle for an hour. A v1 client, whose
// code cannot see pings, gets a heartbeat in each interval.
func TestIdleClientsStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, nil)
		plain, page := h.member("r"), h.raw("", v1)
		page.Write(`{"action":"hello"}`)
		page.Expect("welcome")
		time.Sleep(time.Hour + time.Second)
		synctest.Wait()
		beats := 0
		for _, m := range page.Received() {
			if m.Action == "heartbeat" {
				beats++
			}
		}
		if want := int(time.Hour / beat); beats != want {
			t.Errorf("%d heartbeats in an hour, want %d", beats, want)
		}
		for _, m := range plain.Received() {
			if m.Action == "heartbeat" {
				t.Error("a plain client got a heartbeat")
			}
		}
		plain.Call("x", "r", nil)
	})
}

// TestNoHeartbeatWhileTalking: a client that is sent messages needs no heartbeat.
func TestNoHeartbeatWhileTalking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, nil)
		page := h.raw("", v1)
		page.Write(`{"action":"hello"}`)
		client := h.Client(page.Expect("welcome").Field("client"))
		for range 600 {
			time.Sleep(beat / 3)
			_ = client.Send("news", nil)
		}
		for _, m := range page.Received() {
			if m.Action == "heartbeat" {
				t.Fatal("a heartbeat in addition to other messages")
			}
		}
	})
}

// TestMessageThatNeverEnds sends a message slowly, byte by byte.
func TestMessageThatNeverEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, nil)
		c := h.connect()
		if err := c.Conn.Write([]byte("\x81\xfe\x10\x00\x00\x00\x00\x00")); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for c.Conn.Write([]byte(" ")) == nil {
			time.Sleep(time.Second)
		}
		if end := c.Closing(); end.Code != 1008 || time.Since(began) > 3*beat {
			t.Errorf("closed with %v after %v", end, time.Since(began))
		}
	})
}

// TestSlowHeaders sends a request at one byte per second: the connection is dropped at
// the deadline.
func TestSlowHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, nil)
		nc, err := h.Dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.Copy(io.Discard, nc) }()
		began, sent := time.Now(), 0
		for _, b := range []byte("GET /ws HTTP/1.1\r\nHost: memory\r\n") {
			if _, err := nc.Write([]byte{b}); err != nil {
				break
			}
			sent++
			time.Sleep(time.Second)
		}
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("%d bytes were read in %v", sent, took)
		}
		_ = nc.Close()
	})
}

// TestNoHello: a v1 client sends nothing.
func TestNoHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, nil)
		began := time.Now()
		c := h.raw("", v1)
		if end := c.Closing(); end.Code != 1008 || time.Since(began) != 5*time.Second {
			t.Errorf("closed with %v after %v", end, time.Since(began))
		}
		h.waitForClients(0)
	})
}

// TestOnConnectIsBounded: the application's OnConnect does not return.
func TestOnConnectIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, true, nil, func(s *simplysocket.Server) {
			s.OnConnect(func(ctx context.Context, _ *simplysocket.Client) error {
				<-ctx.Done()
				return ctx.Err()
			})
		})
		began := time.Now()
		if end := h.raw("").Closing(); end.Code != 4003 || time.Since(began) != 10*time.Second {
			t.Errorf("closed with %v after %v", end, time.Since(began))
		}
	})
}
