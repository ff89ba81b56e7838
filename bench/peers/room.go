package main

import (
	"crypto/rand"
	"slices"
	"sync"
	"time"
)

// newID names a client with 26 characters that nobody can guess.
func newID() string { return rand.Text() }

// rooms are those that have members: a room begins with its first member and ends with
// its last.
type rooms[R any] struct {
	begin func(name string) R
	end   func(R)

	mu   sync.Mutex
	open map[string]*occupied[R]
}

type occupied[R any] struct {
	room    R
	members int
}

func newRooms[R any](begin func(name string) R, end func(R)) *rooms[R] {
	return &rooms[R]{begin: begin, end: end, open: make(map[string]*occupied[R])}
}

// enter keeps the room of that name open until leave.
func (t *rooms[R]) enter(name string) R {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.open[name]
	if o == nil {
		o = &occupied[R]{room: t.begin(name)}
		t.open[name] = o
	}
	o.members++
	return o.room
}

// find returns the room of that name, if it is open.
func (t *rooms[R]) find(name string) (room R, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o := t.open[name]; o != nil {
		return o.room, true
	}
	return room, false
}

func (t *rooms[R]) leave(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.open[name]
	o.members--
	if o.members == 0 {
		delete(t.open, name)
		t.end(o.room)
	}
}

// room is the simplest possible room in Go: a lock and its members. Candidates without a
// pattern of their own for rooms use it.
type room[C comparable] struct {
	// broadcast is called under the lock, which gives all members the same order.
	broadcast func(members []C, payload []byte)
	body      int
	done      chan struct{} // ends the ticker

	mu      sync.Mutex
	state   state
	members []C
}

// newRoomsOf returns rooms that send their messages with broadcast.
func newRoomsOf[C comparable](c config, broadcast func(members []C, payload []byte)) *rooms[*room[C]] {
	return newRooms(
		func(string) *room[C] { return startRoom(c, broadcast) },
		(*room[C]).stop,
	)
}

func startRoom[C comparable](c config, broadcast func(members []C, payload []byte)) *room[C] {
	r := &room[C]{broadcast: broadcast, body: c.Body, done: make(chan struct{})}
	if c.TickMS > 0 {
		go every(c.tick(), r.done, r.tick)
	}
	return r
}

func (r *room[C]) stop() { close(r.done) }

// join makes greet send joinedRoom before anything else reaches the member.
func (r *room[C]) join(member C, greet func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members = append(r.members, member)
	greet()
}

func (r *room[C]) leave(member C) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.Index(r.members, member); i >= 0 {
		r.members = slices.Delete(r.members, i, i+1)
	}
}

// hear handles a message of a member.
func (r *room[C]) hear(payload []byte, sender string) error {
	m, err := decode(payload, sender)
	if err != nil {
		return err
	}
	r.take(m)
	return nil
}

func (r *room[C]) take(m *Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state.accept(m) {
		r.broadcast(r.members, encode(m))
	}
}

func (r *room[C]) tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broadcast(r.members, encode(r.state.tick(r.body)))
}

// every calls f once per period until done.
func every(period time.Duration, done <-chan struct{}, f func()) {
	t := time.NewTicker(period)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			f()
		case <-done:
			return
		}
	}
}
