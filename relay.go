package simplysocket

import "reflect"

// Relay is the setup of a relay room: it registers nothing. The room forwards every
// message to all members, welcomes new members and announces them to the others. Without
// any [Server.HandleRoom], every valid name opens such a room.
func Relay(*Room) error { return nil }

// mute is the setup of the lobby if rooms have code and the lobby has none: a message
// without a target must not reach every client of the server.
func mute(r *Room) error {
	r.mute = true
	return nil
}

// isRelay reports whether no code of the application sets up the room: only such a room
// takes capacity, password and properties from the client that opens it.
func isRelay(setup func(*Room) error) bool {
	return reflect.ValueOf(setup).Pointer() == reflect.ValueOf(Relay).Pointer()
}

// relayRequest is the innermost handler of a relay room that has middleware.
func (r *Room) relayRequest(req *Request) (any, error) {
	r.core.Relay(req.Action, req.Body, req.Member.ID())
	return nil, nil
}
