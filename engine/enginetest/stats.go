package enginetest

// Stats counts what has happened in a [Memory].
type Stats struct {
	Commits   int // with something in them
	Stored    int // writes: records, snapshots and deletions
	Failed    int // writes, for whatever reason
	Fenced    int // writes that failed with ErrFenced
	Unknown   int // writes that failed with ErrUnknown and are stored
	Forgotten int // writes that failed with ErrUnknown and are not stored
	Broken    int // writes that failed with ErrBroken
	Lost      int // writes that a crash has lost
	Owned     int // calls of Own
	Taken     int // partitions that were lost to another owner
}

// Stats returns what has happened since the engine was made.
func (m *Memory) Stats() Stats {
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	return m.stats
}
