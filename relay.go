package simplysocket

import "reflect"

// Relay is the setup of a relay room: it registers nothing. The room passes on
// what it receives to all members, welcomes who joins and tells the others.
// With no [Server.HandleRoom] at all, every valid name opens such a room.
func Relay(*Room) error { return nil }

// mute is the setup of the lobby where rooms have code and the lobby has none: what
// a client sends without a target must not reach every client of the server.
func mute(r *Room) error {
	r.mute = true
	return nil
}

// isRelay reports whether a room is set up by no code of the application: only such
// a room takes capacity, password and properties from who opens it.
func isRelay(setup func(*Room) error) bool {
	return reflect.ValueOf(setup).Pointer() == reflect.ValueOf(Relay).Pointer()
}

// relayRequest is the innermost handler of a relay room that has middleware.
func (r *Room) relayRequest(req *Request) (any, error) {
	r.core.Relay(req.Action, req.Body, req.Member.ID())
	return nil, nil
}
