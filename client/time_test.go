package client_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/internal/pipe"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// TestBackoff: every attempt fails for a day. The pauses are random, within a time that
// doubles up to a limit.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inMemory(t)
		var attempts []time.Time
		up := true
		ended := make(chan struct{})
		o := client.Options{NetDial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if up {
				up = false
				return h.Dial(ctx, network, address)
			}
			if attempts = append(attempts, time.Now()); len(attempts) == 1000 {
				close(ended)
			}
			return nil, errors.New("the network is down")
		}}
		conn := h.connect(o)
		cut := time.Now()
		h.cut()
		<-ended
		if err := conn.Close(); !errors.Is(err, client.ErrOffline) {
			t.Errorf("got %v", err)
		}
		last, limit, sum := cut, 250*time.Millisecond, time.Duration(0)
		for i, at := range attempts {
			pause := at.Sub(last)
			if pause > limit {
				t.Errorf("pause %d is %v, the limit %v", i, pause, limit)
			}
			last, limit, sum = at, min(2*limit, 15*time.Second), sum+pause
		}
		if mean := sum / 1000; mean < 6*time.Second || mean > 9*time.Second {
			t.Errorf("the mean of the pauses is %v", mean)
		}
	})
}

// TestBackoffStaysAfterShortConnections: clients do not return at full speed to a server
// that admits them and cuts them off at once.
func TestBackoffStaysAfterShortConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		_, p := s.connect(client.Options{})
		began := time.Now()
		for range 100 {
			_ = p.conn.CloseNow()
			p, _ = s.next()
			p.welcome("token", true)
			synctest.Wait()
		}
		if took := time.Since(began); took < 5*time.Minute {
			t.Errorf("100 connections took %v", took)
		}
		time.Sleep(16 * time.Second)
		_ = p.conn.CloseNow()
		last := time.Now()
		_, _ = s.next()
		if pause := time.Since(last); pause > 250*time.Millisecond {
			t.Errorf("after a connection that lasted the pause is %v", pause)
		}
	})
}

// TestRetryAfter: a server that refuses a client says when to come back.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inMemory(t)
		busy := pipe.Listen()
		tries := make(chan time.Time, 100)
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			tries <- time.Now()
			w.Header().Set("Retry-After", "40")
			http.Error(w, "busy", http.StatusServiceUnavailable)
		})}
		go func() { _ = server.Serve(busy) }()
		dial := h.Dial
		h.connect(client.Options{NetDial: func(ctx context.Context, network, address string) (net.Conn, error) {
			nc, err := dial(ctx, network, address)
			dial = busy.Dial
			return nc, err
		}})
		h.cut()
		first := <-tries
		for range 5 {
			second := <-tries
			if pause := second.Sub(first); pause < 40*time.Second || pause > 56*time.Second {
				t.Errorf("came back after %v", pause)
			}
			first = second
		}
		_ = server.Close()
	})
}

// TestSilence: the client gives up a silent connection after two heartbeat intervals, and
// not earlier.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		_, p := s.connect(client.Options{})
		for range 10 {
			time.Sleep(2*scriptHeartbeat - time.Second)
			p.say(`{"action":"heartbeat","message_body":{},"IsTargetClient":true,"target":"anna","sender":"server"}`)
		}
		last := time.Now()
		<-p.done
		if took := time.Since(last); took < 2*scriptHeartbeat || took > 5*scriptHeartbeat/2 {
			t.Errorf("given up after %v", took)
		}
		_, hello := s.next()
		if hello != `{"session":"token-1","features":["set-info"]}` {
			t.Errorf("hello %s", hello)
		}
	})
}

// TestIdle: a client is idle for a day while its server is alive.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inMemory(t)
		states := newEvents()
		conn := h.connect(states.states(client.Options{}))
		room := join(t, conn, "r", nil)
		time.Sleep(24 * time.Hour)
		send(t, room, "x", nil)
		states.want(t, "online")
		states.none(t)
	})
}

// TestUnanswered: no more messages are in flight than the server remembers.
func TestUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		h := serve(t, "", simplysocket.Options{MessageRate: simplysocket.Unlimited, MessageBurst: simplysocket.Unlimited}, func(s *simplysocket.Server) {
			s.HandleRoom("r", func(room *simplysocket.Room) error {
				simplysocket.On(room, "x", func(*simplysocket.Member, simplysocket.None) error { <-release; return nil })
				return nil
			})
		})
		room := join(t, h.connect(client.Options{}), "r", nil)
		received := h.Stats().Received
		var sending sync.WaitGroup
		for range protocol.MaxUnanswered + 50 {
			sending.Go(func() { send(t, room, "x", nil) })
		}
		synctest.Wait()
		if n := h.Stats().Received - received; n != protocol.MaxUnanswered {
			t.Errorf("%d messages are in flight", n)
		}
		close(release)
		sending.Wait()
	})
}
