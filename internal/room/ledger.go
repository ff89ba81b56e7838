package room

// ledger is what a room has that keeps values or is written down.
type ledger struct {
	declared   []Declaration
	undeclared []written // restored, but not declared any more

	// Only of a room that is written down.

	changes *changes // since the newest record; nil: it is not written down
	index   uint64   // of the newest record
	pos     uint64   // of the newest entry
	told    told
	heard   map[string]Position // by the room that has told: the newest
}

// noLedger is that of all rooms that have none of their own. It is never changed.
var noLedger = &ledger{}

// keep returns the ledger of a room, to be changed.
func (m *Machine) keep() *ledger {
	if m.ledger == noLedger {
		m.ledger = &ledger{}
	}
	return m.ledger
}
