package testroom

import "reflect"

// Surface is what a room takes from outside, as its code has told: which messages it
// handles, and into what it decodes them.
type Surface struct {
	Actions   map[string]reflect.Type // of members
	Server    map[string]reflect.Type // of the server's own code
	Params    reflect.Type            // of a join; nil: the room has not asked for any yet
	AnyAction bool                    // it takes actions that it did not name
	Direct    bool                    // it may pass on messages from one member to another
	Ephemeral bool                    // it is not to be restored
}

// Note notes a handler.
func (s *Surface) Note(ofServer bool, action string, body reflect.Type) {
	table := &s.Actions
	if ofServer {
		table = &s.Server
	}
	if *table == nil {
		*table = map[string]reflect.Type{}
	}
	(*table)[action] = body
}

// NoteParams notes into what the parameters of a join are decoded.
func (s *Surface) NoteParams(v any) {
	if t := reflect.TypeOf(v); t != nil && t.Kind() == reflect.Pointer {
		s.Params = t.Elem()
	}
}
