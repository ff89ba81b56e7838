package room

import (
	"crypto/sha256"
	"maps"
	"slices"
)

// snapshotVersion is the version of the encoding of a snapshot.
const snapshotVersion = 1

// Snapshot appends the encoding of all of the room's state, between two entries. What the
// hooks keep for themselves, and have not declared, is not in it. The error is that of a
// value without a JSON form.
func (m *Machine) Snapshot(b []byte) ([]byte, error) {
	values, err := m.values()
	if err != nil {
		return b, err
	}
	w := writer{append(b, snapshotVersion)}
	w.config(&m.cfg)
	w.uint(m.index)
	w.head(m)
	w.int(m.order.live)
	for member := range m.order.all() {
		if err := w.member(m, member); err != nil {
			return b, err
		}
	}
	w.guesses(m.guesses)
	w.access(&m.access)
	w.settings(&m.settings)
	w.presence(&m.presence)
	w.int(len(m.alarms))
	for i := range m.alarms {
		w.alarm(&m.alarms[i])
	}
	w.int(len(m.running))
	for i := range m.running {
		w.task(&m.running[i])
	}
	w.int(len(m.told.pending))
	for i := range m.told.pending {
		w.message(&m.told.pending[i])
	}
	w.heardFrom(m.heard, sortedRooms(m.heard))
	w.bucket(m)
	w.values(values)
	if err := w.properties(&m.properties); err != nil {
		return b, &ValueError{Room: m.cfg.Name, Value: "properties", Err: err}
	}
	if m.changes != nil {
		_, err = m.valueChanges()
		m.changes.forget()
	}
	return w.b, err
}

// Restore returns the machine of a snapshot: see [ReadSnapshot] and [Image.Open].
func Restore(snapshot []byte, hooks Hooks) (*Machine, error) {
	image, err := ReadSnapshot(snapshot)
	if err != nil {
		return nil, err
	}
	return image.Open(hooks)
}

// head writes what changes with nearly every entry.
func (w *writer) head(m *Machine) {
	w.byte(byte(m.phase))
	w.time(m.now)
	w.uint(m.pos)
	w.uint(m.seq)
	w.bool(m.joined)
	w.time(m.emptied)
	w.uint(m.order.next)
	w.uint(m.newest)
	w.uint(m.told.newest)
	w.bool(m.poisoned)
	w.bool(m.changed)
	w.bool(m.source != nil)
	if m.source != nil {
		state, _ := m.source.MarshalBinary() // never fails
		w.bytes(state)
	}
}

func (r *reader) head(m *Machine) {
	if m.phase = phase(r.byte()); m.phase > phaseClosed {
		r.fail("no such phase")
	}
	m.now, m.pos, m.seq, m.joined, m.emptied = r.time(), r.uint(), r.uint(), r.bool(), r.time()
	m.order.next, m.newest, m.told.newest = r.uint(), r.uint(), r.uint()
	m.poisoned, m.changed = r.bool(), r.bool()
	if r.bool() {
		state := r.next()
		m.Rand()
		if err := m.source.UnmarshalBinary(state); err != nil {
			r.fail("randomness: " + err.Error())
		}
	}
}

// bucket writes the budget of a lobby.
func (w *writer) bucket(m *Machine) {
	if m.lobby != nil {
		w.float(m.lobby.tokens)
		w.time(m.lobby.filled)
	}
}

func (r *reader) bucket(m *Machine) {
	if m.lobby != nil {
		*m.lobby = bucket{r.float(), r.time()}
	}
}

func (w *writer) config(c *Config) {
	w.string(c.Name)
	w.string(c.Server)
	w.uint(c.Epoch)
	w.uint(c.Seed[0])
	w.uint(c.Seed[1])
	w.time(c.Opened)
	w.bool(c.Lobby)
	w.bool(c.Plain)
	w.int(c.AnnounceMaxMembers)
	w.duration(c.EmptyTimeout)
	w.int(c.DeliveriesPerSecond)
}

func (r *reader) config() Config {
	return Config{
		Name: r.string(), Server: r.string(), Epoch: r.uint(), Seed: [2]uint64{r.uint(), r.uint()}, Opened: r.time(),
		Lobby: r.bool(), Plain: r.bool(),
		AnnounceMaxMembers: r.int(), EmptyTimeout: r.duration(), DeliveriesPerSecond: r.int(),
	}
}

// The parts of a member that are yes or no.
const (
	memberResumable = 1 << iota
	memberAway
	memberInfo
	memberIdentity
	memberProperties
)

func (w *writer) member(m *Machine, member *Member) error {
	var properties *Properties
	if member.Face != nil {
		properties = member.Face.Properties()
	}
	w.byte(flag(memberResumable, member.resumable) | flag(memberAway, member.away) |
		flag(memberInfo, member.Info != nil) | flag(memberIdentity, member.Identity != nil) | flag(memberProperties, len(properties.kept()) > 0))
	w.uint(member.Number)
	w.string(member.ID)
	w.uint(member.conn)
	if member.Info != nil {
		w.bytes(member.Info)
	}
	w.identity(member.Identity)
	if len(properties.kept()) > 0 {
		if err := w.properties(properties); err != nil {
			return &ValueError{Room: m.cfg.Name, Value: "member " + member.ID, Err: err}
		}
	}
	return nil
}

func (r *reader) member() *Member {
	flags := r.byte()
	member := &Member{
		Number: r.uint(), ID: r.string(), conn: r.uint(),
		resumable: flags&memberResumable != 0, away: flags&memberAway != 0,
	}
	if flags&memberInfo != 0 {
		member.Info = r.bytes()
	}
	if flags&memberIdentity != 0 {
		member.Identity = r.identity()
	}
	if flags&memberProperties != 0 {
		if properties := r.properties(); properties != nil {
			member.Face = properties
		}
	}
	return member
}

func (r *reader) members(m *Machine) {
	last := uint64(0)
	for range r.count() {
		member := r.member()
		if m.order.find(member.ID) != nil || member.Number <= last || member.Number > m.order.next {
			r.fail("members out of order")
			return
		}
		last = member.Number
		m.order.append(member)
	}
}

func (w *writer) guesses(guesses map[string]guess) {
	w.int(len(guesses))
	for _, network := range slices.Sorted(maps.Keys(guesses)) {
		w.string(network)
		w.int(guesses[network].wrong)
		w.time(guesses[network].since)
	}
}

func (r *reader) guesses() (guesses map[string]guess) {
	for range r.count() {
		if guesses == nil {
			guesses = map[string]guess{}
		}
		network := r.string()
		guesses[network] = guess{r.int(), r.time()}
	}
	return guesses
}

func (w *writer) access(a *access) {
	w.int(a.capacity)
	w.bool(a.hidden)
	w.bool(a.password != nil)
	if a.password != nil {
		w.b = append(w.b, a.password[:]...)
	}
	w.bool(a.listed != nil)
	if a.listed != nil {
		w.bytes(a.listed)
	}
}

func (r *reader) access(a *access) {
	*a = access{capacity: r.int(), hidden: r.bool()}
	if r.bool() {
		a.password = new([sha256.Size]byte)
		for i := range a.password {
			a.password[i] = r.byte()
		}
	}
	if r.bool() {
		a.listed = r.bytes()
	}
}

func (w *writer) settings(s *settings) {
	w.byte(byte(s.overflow))
	w.duration(s.interval)
	w.bool(s.timestamps)
	w.byte(byte(s.history))
}

func (r *reader) settings(s *settings) {
	*s = settings{overflow: Overflow(r.byte()), interval: r.duration(), timestamps: r.bool(), history: HistoryAccess(r.byte())}
}

func (w *writer) presence(p *presence) {
	w.bool(p.off)
	w.bool(p.due)
	w.bool(p.counting)
	w.int(len(p.changed))
	for _, member := range p.changed {
		w.string(member.ID)
		w.uint(member.Number)
	}
}

func (r *reader) presence(m *Machine) {
	m.presence = presence{off: r.bool(), due: r.bool(), counting: r.bool()}
	for range r.count() {
		id, number := r.string(), r.uint()
		member := m.order.find(id)
		if member == nil || member.Number != number { // it has left since, and is passed over
			member = &Member{ID: id, Number: number}
		}
		m.presence.changed = append(m.presence.changed, member)
	}
}

func (w *writer) alarm(a *alarm) {
	w.uint(a.number)
	w.byte(byte(a.kind))
	w.time(a.due)
	w.string(a.name)
	w.int(a.index)
	w.bytes(a.body)
}

func (r *reader) alarm() alarm {
	a := alarm{number: r.uint(), kind: alarmKind(r.byte()), due: r.time(), name: r.string(), index: r.int(), body: r.optional()}
	if a.kind > alarmCount {
		r.fail("no such alarm")
	}
	return a
}

func (w *writer) task(t *task) {
	w.uint(t.number)
	w.string(t.name)
	w.bytes(t.query)
}

func (r *reader) task() task {
	return task{number: r.uint(), name: r.string(), query: r.optional()}
}

func (r *reader) clocks(c *clocks) {
	for range r.count() {
		c.alarms = append(c.alarms, r.alarm())
	}
	for range r.count() {
		c.running = append(c.running, r.task())
	}
}
