//go:build linux

package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/bench/generator"
	"github.com/DhruvikDonga/simplysocket/bench/wire"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
)

// lab is a server in the test's process and its clients in another.
type lab struct {
	t       *testing.T
	srv     *simplysocket.Server
	address string
	clients *generator.Generator
}

func newLab(t *testing.T, setup func(*simplysocket.Room) error) *lab {
	t.Helper()
	srv, err := simplysocket.New(&simplysocket.Options{
		MessageRate:  simplysocket.Unlimited,
		MessageBurst: simplysocket.Unlimited,
		CloseTimeout: time.Minute, // a slow member is read only after the others are done
		Logger:       servertest.Quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.HandleRoom("{name}", setup)
	server := servertest.Run(t, srv, servertest.Loopback, func(h *http.Server) { h.ConnContext = smallBuffers })
	l := &lab{t: t, srv: srv, address: server.Address}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if l.clients, err = generator.Start(t.Context(), -1, self, "generator"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = l.clients.Hangup() // or it has failed
		_ = l.clients.Close()
	})
	return l
}

// smallBuffers gives the server's sockets to slow members small buffers, so that unread
// data soon waits in their outboxes. The system's default is some MiB.
func smallBuffers(ctx context.Context, conn net.Conn) context.Context {
	if tcp := conn.(*net.TCPConn); tcp.RemoteAddr().(*net.TCPAddr).IP.String() == elsewhere {
		_ = tcp.SetWriteBuffer(32 << 10)
	}
	return ctx
}

// echo broadcasts what is said.
func echo(room *simplysocket.Room) error {
	simplysocket.On(room, wire.Say, func(m *simplysocket.Member, line wire.Line) error {
		return room.Broadcast(wire.Say, line, simplysocket.From(m))
	})
	return nil
}

// enter makes clients enter, and returns when nothing more happens.
func (l *lab) enter(d generator.Dialling) (set int) {
	l.t.Helper()
	d.Address = l.address
	if d.Dialect == "" {
		d.Dialect = "simplysocket"
	}
	entered, err := l.clients.Dial(d)
	if err == nil && d.Size > announced && !d.Lobby {
		err = l.clients.AwaitCount(entered.Set, d.Size)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	return entered.Set
}

// talk makes a set talk, and fails the test if a message is missing or doubled.
func (l *lab) talk(talk generator.Talk) generator.Heard {
	l.t.Helper()
	h, err := l.clients.Talk(talk)
	if err != nil {
		l.t.Fatal(err)
	}
	if h.Lost > 0 || h.Doubled > 0 {
		l.t.Errorf("%d deliveries were lost and %d doubled", h.Lost, h.Doubled)
	}
	return h
}

// held is the size of the heap and the stacks once pools are empty and stacks have
// shrunk.
func held() (m runtime.MemStats) {
	for range 5 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m
}
