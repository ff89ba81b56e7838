package room

// changes is what has changed in a room since it was last written down. A room that is
// not written down has none: all methods of a nil *changes do nothing.
type changes struct {
	settings   bool // access, settings and presence
	guesses    bool
	properties bool
	members    []*Member // they have joined, left or changed
	alarms     []uint64  // by number: they were set, or are gone
	tasks      []uint64  // by number: they were started, or have ended
	messages   []uint64  // to other rooms, by number: they were sent, or are confirmed
	rooms      []string  // that something was heard from
}

func (c *changes) forget() {
	if c != nil {
		clear(c.members)
		*c = changes{members: c.members[:0], alarms: c.alarms[:0], tasks: c.tasks[:0], messages: c.messages[:0], rooms: c.rooms[:0]}
	}
}

func (c *changes) setting() {
	if c != nil {
		c.settings = true
	}
}

func (c *changes) guess() {
	if c != nil {
		c.guesses = true
	}
}

func (c *changes) property() {
	if c != nil {
		c.properties = true
	}
}

func (c *changes) member(m *Member) {
	if c != nil {
		c.members = append(c.members, m)
	}
}

func (c *changes) alarm(number uint64) {
	if c != nil {
		c.alarms = append(c.alarms, number)
	}
}

func (c *changes) task(number uint64) {
	if c != nil {
		c.tasks = append(c.tasks, number)
	}
}

func (c *changes) told(number uint64) {
	if c != nil {
		c.messages = append(c.messages, number)
	}
}

func (c *changes) heard(room string) {
	if c != nil {
		c.rooms = append(c.rooms, room)
	}
}
