package main

import "slices"

// seat is a join of ours. If it is refused or lost, that does not affect a later one for
// the same room.
type seat struct{ room string }

// room is where lines go: the room joined last, or "", the lobby.
func (s *session) room() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seats) == 0 {
		return ""
	}
	return s.seats[len(s.seats)-1].room
}

// choose makes the seat's room the one that lines go to.
func (s *session) choose(chosen *seat) {
	s.giveUp(func(other *seat) bool { return other.room == chosen.room })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seats = append(s.seats, chosen)
}

// giveUp removes seats from the list.
func (s *session) giveUp(these func(*seat) bool) {
	s.mu.Lock()
	s.seats = slices.DeleteFunc(s.seats, these)
	s.mu.Unlock()
	s.console.prompt(s.room())
}
