package main

import (
	"fmt"

	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// receive shows a message that has come.
func (s *session) receive(env *protocol.Envelope) {
	switch string(env.Action) {
	case protocol.ActionHeartbeat:
		return
	case protocol.ActionWelcome:
		s.self = string(env.Target)
	}
	s.console.show(&incoming{env: env, self: s.self})
}

// notice says whether the connection is up, from the first time that it is lost.
func (s *session) notice(state client.State) {
	switch {
	case state == client.Offline:
		s.lost = true
		s.console.say("connection lost, coming back")
	case state == client.Online && s.lost:
		s.lost = false
		s.console.say("back")
	}
}

// attend reports what happens to the client in a room, some of which no message says. The
// seat is that of our join; it is nil if others have put us in the room.
func (s *session) attend(joined *seat) func(*client.Room) {
	return func(room *client.Room) {
		name := room.Name()
		if name == "" {
			name = "the lobby"
		}
		room.OnGap(func(client.Gap) { s.console.say(fmt.Sprintf("gap in %s: messages were lost", name)) })
		room.OnError(func(_ string, err *client.Error) { s.fail(err) })
		room.OnClosed(func(reason client.LeaveReason) {
			s.giveUp(func(other *seat) bool { return other == joined })
			s.console.say(fmt.Sprintf("out of %s: %s", name, reason))
		})
	}
}
