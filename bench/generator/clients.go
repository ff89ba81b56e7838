//go:build linux

package generator

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/DhruvikDonga/simplysocket/bench/wire"
)

const (
	// patience is how long the generator waits for something that must come.
	patience = 20 * time.Second
	// silence is how long it waits for what is overdue, once nothing arrives any more.
	silence = 3 * time.Second
)

// Clients are the generator's connections. The other process calls its exported methods.
type Clients struct {
	epoll   int
	sets    []*set
	clients []*client // by descriptor
	events  [256]unix.EpollEvent
	buf     [256 << 10]byte
	busy    time.Duration
	quiet   time.Time // since when nothing has arrived
}

// set is the clients of one Dialling.
type set struct {
	Dialling
	dialect dialect
	rooms   []*room
	clients []*client
	ready   []*room // everything sent there was received
	flat    inflater
	heard
}

func newClients() (*Clients, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return &Clients{epoll: epoll}, err
}

// Dial implements [Generator.Dial].
func (c *Clients) Dial(d Dialling, entered *Entered) error {
	speech, ok := dialects[d.Dialect]
	if !ok {
		return fmt.Errorf("there is no dialect %q", d.Dialect)
	}
	s := &set{Dialling: d, dialect: speech}
	start := time.Now()
	for n := range d.Rooms {
		r := &room{set: s}
		if !d.Lobby {
			r.name = wire.RoomName(d.First + n)
		}
		s.rooms = append(s.rooms, r)
		for range d.Size {
			r.members = append(r.members, &client{room: r})
		}
		s.clients = append(s.clients, r.members...)
	}
	if err := c.connect(s, s.clients); err != nil {
		return err
	}
	*entered = Entered{Set: len(c.sets), Wall: time.Since(start)}
	c.sets = append(c.sets, s)
	if d.Deaf {
		for _, p := range s.clients {
			if err := c.ignore(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// dialled is how many clients do their handshakes at once.
const dialled = 50

// connect connects the clients of a set and returns when all are in.
func (c *Clients) connect(s *set, clients []*client) error {
	for some := range slices.Chunk(clients, dialled) {
		for i, p := range some {
			if err := p.dial(s); err != nil {
				return fmt.Errorf("client %d: %w", i, err)
			}
		}
		for i, p := range some {
			if err := p.handshake(s, c.buf[:]); err != nil {
				return fmt.Errorf("client %d: handshake: %w", i, err)
			}
			if err := c.watch(p); err != nil {
				return err
			}
			// TLS may have read more from the socket than it has returned; epoll does not
			// report that.
			if err := p.read(c.buf[:]); err != nil {
				return fmt.Errorf("client %d: %w", i, err)
			}
		}
	}
	return c.poll(asleep, func() bool { return all(clients, func(p *client) bool { return p.in }) })
}

func all(clients []*client, are func(*client) bool) bool {
	return !slices.ContainsFunc(clients, func(p *client) bool { return !are(p) })
}

func (c *Clients) watch(p *client) error {
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(p.fd)}
	if err := unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, p.fd, &event); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	for len(c.clients) <= p.fd {
		c.clients = append(c.clients, nil)
	}
	c.clients[p.fd] = p
	return nil
}

func (c *Clients) ignore(p *client) error {
	c.clients[p.fd] = nil
	return unix.EpollCtl(c.epoll, unix.EPOLL_CTL_DEL, p.fd, nil)
}

// AwaitCount implements [Generator.AwaitCount].
func (c *Clients) AwaitCount(args [2]int, _ *int) error {
	s, count := c.sets[args[0]], args[1]
	if s.dialect.count == "" {
		return nil
	}
	return c.poll(asleep, func() bool { return all(s.clients, func(p *client) bool { return p.count == count }) })
}

// Hangup implements [Generator.Hangup].
func (c *Clients) Hangup(int, *int) error {
	var err error
	for _, s := range c.sets {
		for _, p := range s.clients {
			err = errors.Join(err, c.cut(p))
		}
	}
	c.sets = nil
	return err
}

// cut resets a connection, so that its port is free at once.
func (c *Clients) cut(p *client) error {
	if p.fd == 0 {
		return nil
	}
	c.clients[p.fd] = nil
	err := unix.SetsockoptLinger(p.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	err = errors.Join(err, unix.Close(p.fd))
	p.forget()
	return err
}

// Whether the generator sleeps while nothing arrives, or polls continuously, so that the
// server does not have to wake it. In milliseconds of epoll_wait.
const (
	awake  = 0
	asleep = 100
)

// poll handles what arrives until it is done.
func (c *Clients) poll(timeout int, done func() bool) error {
	c.quiet = time.Now()
	for !done() {
		if err := c.take(timeout); err != nil {
			return err
		}
	}
	return nil
}

// take handles what has arrived, and fails if nothing has arrived for too long.
func (c *Clients) take(timeout int) error {
	if err := c.look(timeout); err != nil {
		return err
	}
	if time.Since(c.quiet) > patience {
		return fmt.Errorf("nothing arrived for %s", patience)
	}
	return nil
}

// settle handles what arrives until it is done, or nothing arrives any more.
func (c *Clients) settle(done func() bool) error {
	c.quiet = time.Now()
	for !done() && time.Since(c.quiet) < silence {
		if err := c.look(awake); err != nil {
			return err
		}
	}
	return nil
}

// look handles what has arrived.
func (c *Clients) look(timeout int) error {
	n, err := unix.EpollWait(c.epoll, c.events[:], timeout)
	if err != nil && err != unix.EINTR {
		return fmt.Errorf("epoll_wait: %w", err)
	}
	if n <= 0 {
		return nil
	}
	began := time.Now()
	c.quiet = began
	for _, e := range c.events[:n] {
		if p := c.clients[e.Fd]; p != nil {
			if err := p.read(c.buf[:]); err != nil {
				return fmt.Errorf("a client of room %q: %w", p.room.name, err)
			}
		}
	}
	c.busy += time.Since(began)
	return nil
}

// begin starts counting from zero.
func (c *Clients) begin(s *set) {
	runtime.GC()
	c.busy, c.quiet = 0, time.Now()
	s.reset()
}
