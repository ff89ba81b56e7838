package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
)

// outage is a network that can be down.
type outage struct {
	host *host
	down atomic.Bool
}

func (o *outage) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if o.down.Load() {
		return nil, errors.New("the network is down")
	}
	return o.host.Dial(ctx, network, address)
}

// begin cuts the client off, and returns once the client has noticed.
func (o *outage) begin(t testing.TB, states events) {
	o.down.Store(true)
	o.host.cut()
	states.want(t, "online", "offline")
}

// offline connects a client, makes it join a room and cuts it off.
func offline(t testing.TB, opts client.Options, setup ...func(*client.Room)) (*client.Conn, *client.Room, *outage) {
	o := &outage{host: inMemory(t)}
	opts.NetDial = o.dial
	states := newEvents()
	conn := o.host.connect(states.states(opts))
	room := join(t, conn, "r", nil, setup...)
	o.begin(t, states)
	return conn, room, o
}

// TestOfflineQueue: messages sent while offline wait, in order, up to a limit.
func TestOfflineQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		heard := newEvents()
		_, room, o := offline(t, client.Options{QueueMessages: 3}, heard.all)
		results := make(chan error, 3)
		for i := range 3 {
			go func() { results <- room.Send(t.Context(), fmt.Sprint(i), nil) }()
			synctest.Wait()
		}
		if err := room.Send(t.Context(), "more", nil); !errors.Is(err, client.ErrQueueFull) {
			t.Errorf("got %v", err)
		}
		if err := room.Post("now", nil); !errors.Is(err, client.ErrOffline) {
			t.Errorf("got %v", err)
		}
		time.Sleep(time.Hour)
		o.down.Store(false)
		for range 3 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		heard.want(t, "gap 0-0 whole=true direct=false", "0 {}", "1 {}", "2 {}")
	})
}

func TestOfflineQueueBytes(t *testing.T) {
	_, room, _ := offline(t, client.Options{QueueBytes: 1000})
	if err := room.Send(t.Context(), "x", line{string(make([]byte, 1000))}); !errors.Is(err, client.ErrQueueFull) {
		t.Errorf("got %v", err)
	}
}

func TestOfflineReject(t *testing.T) {
	conn, room, _ := offline(t, client.Options{OfflineSends: client.Reject})
	if err := room.Send(t.Context(), "x", nil); !errors.Is(err, client.ErrOffline) {
		t.Errorf("got %v", err)
	}
	if _, err := conn.Join(t.Context(), "other", nil); !errors.Is(err, client.ErrOffline) {
		t.Errorf("got %v", err)
	}
	if err := room.Leave(t.Context()); !errors.Is(err, client.ErrOffline) {
		t.Errorf("got %v", err)
	}
}

// TestGivenUpOffline: messages that nobody waits for any more are not sent later.
func TestGivenUpOffline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		heard := newEvents()
		conn, room, o := offline(t, client.Options{}, heard.all)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := room.Send(ctx, "x", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if _, err := conn.Join(ctx, "other", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		o.down.Store(false)
		join(t, conn, "other", nil)
		send(t, room, "y", nil)
		heard.want(t, "gap 0-0 whole=true direct=false", "y {}")
	})
}

// TestPace: a long queue goes out no faster than the server allows.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, "", simplysocket.Options{MessageRate: 10, MessageBurst: 20})
		heard := newEvents()
		conn := h.connect(client.Options{})
		room := join(t, conn, "r", nil, heard.all)
		time.Sleep(time.Minute)
		began := time.Now()
		for i := range 100 {
			if err := room.Post("x", map[string]int{"i": i}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 100 {
			heard.want(t, fmt.Sprintf(`x {"i":%d}`, i))
		}
		if took := time.Since(began); took < 8*time.Second || took > 10*time.Second {
			t.Errorf("100 messages took %v", took)
		}
		heard.none(t)
	})
}
