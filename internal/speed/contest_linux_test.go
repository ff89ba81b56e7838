package speed

import "testing"

// contest has the server and the floor do the same job.
type contest struct {
	b       *testing.B
	lab     *lab
	floor   *floor
	clients int // of the server, as a set
	bare    int // of the floor
	members int // in all rooms
	busy    series
}

func newContest(b *testing.B, roomCount, size int) *contest {
	b.Helper()
	c := &contest{b: b, members: roomCount * size}
	needFiles(b, uint64(2*c.members+100))
	c.lab = newLab(b, startGenerator(b, pin(b)))
	c.clients = c.lab.enter(Dialling{Room: rooms, Rooms: roomCount, Size: size})
	c.floor = newFloor(b, size)
	accepted := make(chan error, 1)
	go func() { accepted <- c.floor.accept(c.members) }()
	c.bare = c.lab.dial(Dialling{Address: c.floor.address(), Room: rooms, Rooms: roomCount, Size: size, Bare: true})
	if err := <-accepted; err != nil {
		b.Fatal(err)
	}
	return c
}

// serve has the server do it.
func (c *contest) serve(t Talk) (perDelivery float64, u usage) {
	t.Set = c.clients
	u = measure(func() {
		h := c.lab.talk(t)
		c.busy.add(100 * float64(h.Busy) / float64(h.Wall))
	})
	return c.perDelivery(u, t), u
}

// sink has the floor do it.
func (c *contest) sink(t Talk) (perDelivery float64) {
	t.Set = c.bare
	u := measure(func() {
		served := make(chan error, 1)
		go func() { served <- c.floor.serve(t) }()
		c.lab.talk(t)
		if err := <-served; err != nil {
			c.b.Fatal(err)
		}
	})
	return c.perDelivery(u, t)
}

// perDelivery is the CPU time in ns that each delivery of t took.
func (c *contest) perDelivery(u usage, t Talk) float64 {
	return float64(u.cpu) / float64(t.Messages*c.members)
}

// alternate runs the parts of a round, beginning with another one each time.
func alternate(round int, parts ...func()) {
	for i := range parts {
		parts[(round+i)%len(parts)]()
	}
}
