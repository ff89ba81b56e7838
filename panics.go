package simplysocket

import (
	"errors"
	"slices"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// panicked goes back to what is stored, because code of the application has panicked: the
// state may be inconsistent. The entry is taken again without its code. If that has happened
// too often, it is the last.
func (a *actor) panicked(it *item, p *room.Panic) {
	now := time.Now()
	a.journal.panics = append(a.journal.panics, panicking{now, it.source.client})
	for len(a.journal.panics) > 0 && now.Sub(a.journal.panics[0].at) > panicWindow {
		a.journal.panics = a.journal.panics[1:]
	}
	if c := it.source.client; c != nil && a.journal.panicsOf(c) > maxPanics {
		a.journal.forgive(c)
		a.journal.outcasts = append(a.journal.outcasts, c)
		c.Disconnect(protocol.CloseInternal, "the room could not handle this client's messages")
	}
	refused := &room.Fault{Text: p.Error(), Cause: p} // that it panicked was reported
	a.postpone(again{item: *it, refused: refused, last: len(a.journal.panics) > maxPanics})
}

// A room, and each member, may panic so many times in the window. Beyond that a member is
// disconnected, and a room closes.
const (
	maxPanics   = 3
	panicWindow = time.Minute
)

// panicking is a panic, and whose message has caused it; nil: no client's.
type panicking struct {
	at     time.Time
	client *Client
}

func (j *journal) panicsOf(c *Client) (n int) {
	for _, p := range j.panics {
		if p.client == c {
			n++
		}
	}
	return n
}

// forgive forgets the panics of a client.
func (j *journal) forgive(c *Client) {
	j.panics = slices.DeleteFunc(j.panics, func(p panicking) bool { return p.client == c })
}

// errOutcast is what a client reads that is being disconnected because of its panics.
var errOutcast = errors.New("the client is being disconnected")

// isOutcast reports whether an entry comes from a client that is being disconnected because of
// its panics: its code does not run.
func (j *journal) isOutcast(it *item) bool {
	i := slices.Index(j.outcasts, it.source.client)
	if i < 0 {
		return false
	}
	if it.entry.Kind == room.KindLeave { // the last of it
		j.outcasts = slices.Delete(j.outcasts, i, i+1)
		return false
	}
	return true
}
