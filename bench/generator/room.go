//go:build linux

package generator

import (
	"time"

	"github.com/DhruvikDonga/simplysocket/bench/wire"
)

// room is the traffic of one room.
type room struct {
	set     *set
	name    string
	members []*client
	frames  *wire.Frames // to send at once
	said    int          // messages in total
	turns   int          // turns of speaking
	heard   int          // deliveries of the last batch
	await   int          // how many of them make the room ready for the next
	first   int          // the first message that is measured
	since   []time.Time  // when it and each later one was due
}

// speak makes the room send batch messages at a time from now on.
func (r *room) speak(action string, body, batch int) {
	text := r.set.dialect.say(r.name, action, wire.Body(body))
	r.frames = wire.Repeat(wire.AppendMasked(nil, text), batch)
	r.first, r.since = r.said, r.since[:0]
}

// say makes a member send the next messages.
func (r *room) say(speaker *client, due time.Time) error {
	r.frames.Number(r.said)
	for range r.frames.Len() {
		r.since = append(r.since, due)
	}
	r.said += r.frames.Len()
	r.set.said += r.frames.Len()
	r.heard = 0
	return speaker.write(r.frames.Bytes)
}

// speaker is each member in turn.
func (r *room) speaker() *client {
	r.turns++
	return r.members[r.turns%len(r.members)]
}

// hear counts a delivery to one of the members.
func (r *room) hear(n int, now time.Time) {
	r.set.deliveries++
	if at := n - r.first; at >= 0 && at < len(r.since) {
		r.set.delay(now.Sub(r.since[at]))
	}
	if r.heard++; r.heard == r.await {
		r.set.ready = append(r.set.ready, r)
	}
}
