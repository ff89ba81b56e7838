// Package room is a room as a deterministic state machine. Entries go in, output comes
// out: [Machine.Apply] takes an [Entry], runs the application's hooks and returns an
// [Output] of plain values. The package knows no socket, no clock, no lock, no goroutine
// and no server, and it imports the protocol and the standard library only.
//
// Given the same state, the same entries and hooks that depend on nothing else, Apply
// yields the same output, byte for byte. So a room can be tested, replayed and restored
// by loops over values. [Machine.Snapshot] and [Restore] carry everything that belongs to
// the library from one machine to the next.
//
// The caller stamps entries with position and time, hands the output to the members in
// its order, and does what the effects ask for. Nothing of an output may be seen outside
// before the caller has made the entry's effect durable, where that is wanted.
package room
