package speed

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long the generator waits for what must come.
const patience = 60 * time.Second

// Clients are the generator's connections: one thread, one epoll, no more work
// for a message than to check it. Its exported methods are what the test's
// process calls.
type Clients struct {
	epoll  int
	sets   []*set
	peers  []*peer // by descriptor
	events [256]unix.EpollEvent
	buf    [256 << 10]byte
	busy   time.Duration
}

// set is the clients of one Dialling.
type set struct {
	rooms []*conversation
	peers []*peer
	left  int             // deliveries to come
	took  []time.Duration // those that came
}

// conversation is what goes on in one room.
type conversation struct {
	set     *set
	name    string
	deaf    bool // its members are others' listeners, who come at any time
	members []*peer
	said    int // messages, all in all
	until   int // of them
	heard   int // of those said last, by all members together
	frames  *numbered
	at      time.Time // the last saying
}

func newClients() (*Clients, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return &Clients{epoll: epoll}, err
}

// Dial connects the clients and returns when they are in their rooms.
func (c *Clients) Dial(d Dialling, index *int) error {
	s := &set{}
	for n := range d.Rooms {
		room := &conversation{set: s, name: roomName(d.Room, n), deaf: d.Deaf}
		s.rooms = append(s.rooms, room)
		for len(room.members) < d.Size {
			if err := c.connect(d, room, min(dialled, d.Size-len(room.members))); err != nil {
				return fmt.Errorf("client %d: %w", len(s.peers), err)
			}
		}
	}
	if err := c.poll(asleep, func() bool { return s.all(func(p *peer) bool { return p.in || d.Bare }) }); err != nil {
		return err
	}
	if d.Deaf {
		for _, p := range s.peers {
			if err := unix.EpollCtl(c.epoll, unix.EPOLL_CTL_DEL, p.fd, nil); err != nil {
				return err
			}
		}
	}
	*index = len(c.sets)
	c.sets = append(c.sets, s)
	return nil
}

// dialled is how many clients do their handshakes at once.
const dialled = 50

// connect adds some members to a room.
func (c *Clients) connect(d Dialling, room *conversation, count int) error {
	some := make([]*peer, count)
	for i := range some {
		p, err := connect(d)
		if err != nil {
			return err
		}
		p.room, some[i] = room, p
		if d.Bare {
			continue
		}
		if err := p.ask(d.Address); err != nil {
			return err
		}
	}
	for _, p := range some {
		if !d.Bare {
			if err := p.upgraded(c.buf[:]); err != nil {
				return err
			}
		}
		if err := unix.SetNonblock(p.fd, true); err != nil {
			return err
		}
		event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(p.fd)}
		if err := unix.EpollCtl(c.epoll, unix.EPOLL_CTL_ADD, p.fd, &event); err != nil {
			return err
		}
		for len(c.peers) <= p.fd {
			c.peers = append(c.peers, nil)
		}
		c.peers[p.fd] = p
	}
	room.members = append(room.members, some...)
	room.set.peers = append(room.set.peers, some...)
	return nil
}

func (s *set) all(are func(*peer) bool) bool {
	return !slices.ContainsFunc(s.peers, func(p *peer) bool { return !are(p) })
}

// AwaitCount returns when all members of a set know of a number of members.
func (c *Clients) AwaitCount(args [2]int, _ *int) error {
	s, count := c.sets[args[0]], args[1]
	return c.poll(asleep, func() bool { return s.all(func(p *peer) bool { return p.count == count }) })
}

// Talk has the rooms of a set talk.
func (c *Clients) Talk(t Talk, h *Heard) error {
	s := c.sets[t.Set]
	deliveries := t.Messages * len(s.peers)
	s.left, s.took = deliveries, make([]time.Duration, 0, deliveries)
	runtime.GC()
	c.busy = 0
	start := time.Now()
	for _, room := range s.rooms {
		room.until = room.said + t.Messages
		room.frames = requests(room.name, t.Body, t.Batch)
		if err := room.say(); err != nil {
			return err
		}
	}
	err := c.poll(awake, func() bool { return s.left == 0 })
	if err != nil {
		return fmt.Errorf("%d of %d deliveries are missing: %w", s.left, deliveries, err)
	}
	*h = Heard{Deliveries: deliveries, Wall: time.Since(start), Busy: c.busy}
	slices.Sort(s.took)
	h.P50, h.P99 = s.took[len(s.took)/2], s.took[len(s.took)*99/100]
	return nil
}

// say has the first member say the next messages.
func (r *conversation) say() error {
	r.frames.set(r.said)
	r.said += len(r.frames.places)
	r.heard = 0
	r.at = time.Now()
	return r.members[0].write(r.frames.bytes)
}

// hear counts a delivery.
func (r *conversation) hear(now time.Time) error {
	if r.deaf {
		return nil
	}
	r.set.left--
	r.set.took = append(r.set.took, now.Sub(r.at))
	r.heard++
	if r.heard < len(r.members)*len(r.frames.places) || r.said >= r.until {
		return nil
	}
	return r.say()
}

// Drain has the only client of a deaf set read to the end.
func (c *Clients) Drain(index int, d *Drained) error {
	p := c.sets[index].peers[0]
	if err := unix.SetNonblock(p.fd, false); err != nil {
		return err
	}
	for p.code == 0 {
		if err := p.read(c.buf[:]); err != nil {
			return err
		}
	}
	*d = Drained{Messages: p.heard, Code: p.code}
	return nil
}

// Close cuts all connections. They are reset, so that their ports are free at
// once.
func (c *Clients) Close(int, *int) error {
	for _, s := range c.sets {
		for _, p := range s.peers {
			c.peers[p.fd] = nil
			if err := p.reset(); err != nil {
				return err
			}
		}
	}
	c.sets = nil
	return nil
}

// Whether the generator sleeps while nothing comes, or looks on and on, which
// spares the server to wake it. In milliseconds of epoll_wait.
const (
	awake  = 0
	asleep = 100
)

// poll takes what comes until it is done.
func (c *Clients) poll(timeout int, done func() bool) error {
	deadline := time.Now().Add(patience)
	for !done() {
		n, err := unix.EpollWait(c.epoll, c.events[:], timeout)
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("epoll_wait: %w", err)
		}
		now := time.Now()
		if n <= 0 {
			if now.After(deadline) {
				return fmt.Errorf("nothing came for %s", patience)
			}
			continue
		}
		for i := range c.events[:n] {
			if p := c.peers[c.events[i].Fd]; p != nil {
				if err := p.read(c.buf[:]); err != nil {
					return err
				}
			}
		}
		c.busy += time.Since(now)
	}
	return nil
}
