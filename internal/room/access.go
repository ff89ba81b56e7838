package room

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"math"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// access is who may come in, and who may know of the room.
type access struct {
	capacity int // 0: no limit
	hidden   bool
	password *[sha256.Size]byte // nil: none is needed
	listed   json.RawMessage    // the properties that listings show
}

// Info is what listings show of a room. It must not be changed.
type Info struct {
	Name       string
	Joined     bool // somebody has been a member: from then on it is listed
	Members    int
	Capacity   int
	Locked     bool
	Hidden     bool
	Properties json.RawMessage
}

// Info returns what listings show, and whether that has changed since the last call.
func (m *Machine) Info() (info *Info, changed bool) {
	if !m.changed {
		return nil, false
	}
	m.changed = false
	return &Info{
		Name: m.cfg.Name, Joined: m.joined, Members: m.order.live, Capacity: m.capacity,
		Locked: m.password != nil, Hidden: m.hidden, Properties: m.listed,
	}, true
}

// SetCapacity limits the number of members; 0 is no limit.
func (m *Machine) SetCapacity(members int) {
	set(m, &m.capacity, max(members, 0))
	m.changed = true
}

// SetHidden takes the room out of the listings.
func (m *Machine) SetHidden(hidden bool) {
	set(m, &m.hidden, hidden)
	m.changed = true
}

// SetProperties sets the properties that listings show: an object, or nil.
func (m *Machine) SetProperties(properties json.RawMessage) {
	set(m, &m.listed, properties)
	m.changed = true
}

// admissible checks what must hold before the application is asked.
func (m *Machine) admissible(e *Entry) error {
	if !m.joined && m.cfg.Plain && !m.cfg.Lobby {
		if err := m.configure(e.Body); err != nil {
			return err
		}
	} else if m.password != nil {
		if err := m.checkPassword(e); err != nil {
			return err
		}
	}
	if m.capacity > 0 && m.order.live >= m.capacity {
		return Errorf(protocol.CodeRoomFull, "room %q is full", m.cfg.Name)
	}
	return nil
}

// roomOptions is what the client that opens a relay room may set in the body of
// `join-room`.
type roomOptions struct {
	Capacity   *int
	Password   *string
	Hidden     *bool
	Properties json.RawMessage
}

// MaxProperties limits the properties of a room in bytes: a page of a hundred rooms
// shows them all.
const MaxProperties = 2048

// configure sets up a relay room as its opener wants.
func (m *Machine) configure(body json.RawMessage) error {
	if len(body) <= len("{}") {
		return nil
	}
	var o roomOptions
	err := ReadParams(body, Params{
		"capacity":   &o.Capacity,
		"password":   &o.Password,
		"hidden":     &o.Hidden,
		"properties": &o.Properties,
	})
	if err != nil {
		return err
	}
	if o.Capacity != nil && (*o.Capacity < 1 || *o.Capacity > math.MaxInt32) {
		return Errorf(protocol.CodeBadMessage, "capacity is a whole number from 1 to 2147483647")
	}
	listed, err := checkProperties(o.Properties)
	if err != nil {
		return err
	}
	m.SetProperties(listed)
	if o.Capacity != nil {
		m.SetCapacity(*o.Capacity)
	}
	if o.Hidden != nil && *o.Hidden {
		m.SetHidden(true)
	}
	if o.Password != nil && *o.Password != "" {
		sum := sha256.Sum256([]byte(*o.Password))
		set(m, &m.password, &sum)
	}
	return nil
}

func checkProperties(raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if raw[0] != '{' {
		return nil, Errorf(protocol.CodeBadMessage, "properties is an object")
	}
	if len(raw) > MaxProperties {
		return nil, Errorf(protocol.CodeTooLarge, "properties take %d bytes of at most %d", len(raw), MaxProperties)
	}
	return raw, nil
}

// A network may try so many wrong passwords in a window: counted by the door over all
// rooms and, since several joins may be on their way at once, by each room on its own.
const (
	MaxGuesses  = 10
	GuessWindow = time.Minute
	maxGuessers = 1024 // networks that a room remembers
)

// guess counts the wrong passwords of a network.
type guess struct {
	wrong int
	since time.Time
}

// checkPassword compares in constant time, and hashes first so that not even the length
// can be measured.
func (m *Machine) checkPassword(e *Entry) error {
	var password *string
	if err := ReadParams(e.Body, Params{"password": &password}); err != nil {
		return err
	}
	if password == nil {
		return Errorf(protocol.CodeForbidden, "room %q asks for a password", m.cfg.Name)
	}
	seen := m.guesses[e.Who.Network]
	if m.now.Sub(seen.since) > GuessWindow {
		seen = guess{since: m.now}
	}
	if max(seen.wrong, e.Who.Attempts) >= MaxGuesses {
		return Errorf(protocol.CodeRateLimited, "too many wrong passwords; try again in a minute")
	}
	sum := sha256.Sum256([]byte(*password))
	if subtle.ConstantTimeCompare(sum[:], m.password[:]) == 1 {
		return nil
	}
	seen.wrong++
	m.rememberGuess(e.Who.Network, seen)
	m.out.Reply.BadGuess = true
	return Errorf(protocol.CodeForbidden, "wrong password for room %q", m.cfg.Name)
}

// rememberGuess forgets the networks whose window is over when there are too many and,
// if that is not enough, all: the door still counts.
func (m *Machine) rememberGuess(network string, seen guess) {
	if m.guesses == nil {
		m.guesses = map[string]guess{}
	}
	if _, known := m.guesses[network]; !known && len(m.guesses) >= maxGuessers {
		for other, g := range m.guesses {
			if m.now.Sub(g.since) > GuessWindow {
				delete(m.guesses, other)
			}
		}
		if len(m.guesses) >= maxGuessers {
			clear(m.guesses)
		}
	}
	m.guesses[network] = seen
	m.changes.guess()
}
