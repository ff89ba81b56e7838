package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/DhruvikDonga/simplysocket/client"
)

// joinTimeout bounds how long a client waits to enter its room.
const joinTimeout = 15 * time.Second

// More may wait for a client's callbacks than by default: a slow load tool must not lose
// anything.
const (
	inboxMessages = 1 << 14
	inboxBytes    = 16 << 20
)

// crowd is the clients that are connecting.
type crowd struct {
	mu      sync.Mutex
	members []*member // that are in their room
	failed  error     // of the first client that failed
}

// connectAll connects the clients, spread over the ramp, and makes each join its room.
// Some may fail; an error means that all did, or that continuing is pointless.
func (r *Run) connectAll(ctx context.Context) error {
	if limit := maxDescriptors(); limit > 0 && r.settings.Clients+reservedDescriptors > limit {
		return fmt.Errorf("%d clients need as many file descriptors, and this process may have %d: raise the limit (ulimit -n)",
			r.settings.Clients, limit)
	}
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	rooms := make([]*room, r.settings.Rooms)
	for i := range rooms {
		rooms[i] = &room{name: RoomName(r.settings.Room, r.name, i)}
	}
	var arriving sync.WaitGroup
	var crowd crowd
	ramp := newAlarm()
	for i := range r.settings.Clients {
		if !ramp.wait(ctx, r.begun.Add(r.settings.Ramp*time.Duration(i)/time.Duration(r.settings.Clients))) {
			break
		}
		arriving.Go(func() {
			m := &member{run: r, number: i, room: rooms[i%len(rooms)]}
			err := m.connect(ctx)
			if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
				err = fmt.Errorf("client %d found no file descriptor: raise the limit (ulimit -n): %w", i, err)
				abort(err)
			}
			r.arrive(ctx, &crowd, m, err)
		})
	}
	arriving.Wait()
	r.members = crowd.members
	slices.SortFunc(r.members, func(a, b *member) int { return cmp.Compare(a.number, b.number) })
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("ended before the load began: %w", context.Cause(ctx))
	case len(r.members) == 0:
		return fmt.Errorf("no client could connect: %w", crowd.failed)
	}
	return nil
}

// reservedDescriptors are for everything but connections.
const reservedDescriptors = 32

// arrive records how a client fared.
func (r *Run) arrive(ctx context.Context, c *crowd, m *member, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil:
		c.members = append(c.members, m)
	case ctx.Err() == nil:
		r.failures.add(Connect, err)
		c.failed = cmp.Or(c.failed, err)
	}
}

// connect connects and joins the room, or leaves nothing behind.
func (m *member) connect(ctx context.Context) error {
	began := time.Now()
	conn, err := client.Dial(ctx, m.run.settings.URL, m.options())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	seat, err := conn.Join(ctx, m.room.name, nil, m.listen)
	if err != nil {
		_ = conn.Close() // the earlier error is the one to report
		return fmt.Errorf("join: %w", err)
	}
	m.run.connect.record(m.number, time.Since(began))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conn, m.seat = conn, seat
	return nil
}

func (m *member) options() *client.Options {
	s := &m.run.settings
	o := &client.Options{
		TLS:           s.TLS,
		NetDial:       m.dial,
		OnState:       m.notice,
		InboxMessages: inboxMessages,
		InboxBytes:    inboxBytes,
		Logger:        slog.New(slog.DiscardHandler), // errors that matter are counted
	}
	if s.Token != "" {
		o.Token = func(context.Context) (string, error) { return s.Token, nil }
	}
	return o
}

func (m *member) listen(r *client.Room) {
	r.OnMessage(m.receive)
	r.OnGap(m.noteGap)
	r.OnClosed(m.out)
}

// dial makes a connection that can be broken.
func (m *member) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.network = conn
	return conn, nil
}
