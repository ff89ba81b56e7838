package testroom

import (
	"fmt"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// Describe says what an entry is, in a few words.
func Describe(e *room.Entry) string {
	switch e.Kind {
	case room.KindMessage:
		return fmt.Sprintf("%q by %s", e.Action, e.Member)
	case room.KindDirect:
		return fmt.Sprintf("%q by %s to %s", e.Action, e.Member, e.Target)
	case room.KindServer:
		return fmt.Sprintf("%q by the server", e.Action)
	case room.KindBroadcast:
		return fmt.Sprintf("the broadcast %q by the server", e.Action)
	case room.KindTimer:
		return fmt.Sprintf("alarm %d", e.Number)
	case room.KindResult:
		return fmt.Sprintf("the end of task %d", e.Number)
	case room.KindJoin:
		return "the join of " + e.Member
	case room.KindLeave:
		return fmt.Sprintf("the leave of %s (%s)", e.Member, e.Reason)
	case room.KindDrop:
		return "the drop of " + e.Member
	case room.KindResume:
		return "the resume of " + e.Member
	case room.KindMembers:
		return "the list of members for " + e.Member
	case room.KindHistory:
		return "the history for " + e.Member
	case room.KindDuplicate:
		return "a message of " + e.Member + " that came again"
	case room.KindInfo:
		return "the profile of " + e.Member
	case room.KindIdle:
		return "the end of the empty room"
	case room.KindRestore:
		return "the restore"
	case room.KindTold:
		return fmt.Sprintf("%q told by room %s", e.Action, e.Target)
	case room.KindConfirmed:
		return "a confirmation by room " + e.Target
	case room.KindClose:
		return "the close"
	}
	return fmt.Sprintf("an entry of kind %d", e.Kind)
}
