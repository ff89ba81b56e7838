// Package engine is the seam between rooms and the place where they are kept.
//
// A server without an engine keeps its rooms in memory. With one, it writes down what each
// turn of a room has changed and said, as a record, and lets the output go only when the
// record is durable. After a failure the room is read again and continues from its last
// record.
//
// An engine stores bytes. It knows neither what is in a record nor what a room is. Package
// enginetest holds the conformance suite that every engine passes, and an engine in memory
// that fails on purpose.
package engine

import (
	"context"
	"errors"
	"iter"
)

// MaxRecord is the largest size of a record, in bytes. A snapshot has no limit: it is
// written in parts of at most this size.
const MaxRecord = 512 << 10

// Errors of an engine. What an engine returns wraps one of them, so that [errors.Is] finds
// it, or is an error of reading.
var (
	// ErrFenced: another owner writes to the partition. Nothing was stored, and nothing
	// will be through this log: the engine calls Lose.
	ErrFenced = errors.New("engine: another owner writes to the partition")
	// ErrUnknown: the record may have been stored or not. Loading the room tells.
	ErrUnknown = errors.New("engine: unknown whether the record was stored")
	// ErrBroken: an earlier record of the room has failed, so this one was not stored. It
	// is never the first error of a room.
	ErrBroken = errors.New("engine: an earlier record of the room has failed")
	// ErrTooLarge: the record has more than MaxRecord bytes. Nothing was stored.
	ErrTooLarge = errors.New("engine: the record is too large")
	// ErrClosed: the engine is closed, or the log is of a partition that was lost. Nothing
	// was stored.
	ErrClosed = errors.New("engine: closed")
)

// Engine keeps rooms, and decides which node owns them. All methods may be called
// concurrently.
type Engine interface {
	// Start begins to call the host: with a partition that the node owns, and when it
	// loses one. It returns when the node can open rooms, or with an error. It is called
	// once. After an error the engine must still be closed.
	Start(ctx context.Context, host Host) error

	// Partition returns the partition that a room belongs to, from 0. It is the same on
	// every node, and for as long as what is stored lives. It may be asked after Start.
	Partition(room string) int

	// Close waits for what was appended, gives all partitions up and frees what the engine
	// holds. It calls Lose for no partition. If ctx ends first, Close gives up waiting and
	// returns its error: what is not durable by then fails with ErrClosed, or with
	// ErrUnknown. Either way, what was appended before Close is answered when it returns.
	// What is appended later fails with ErrClosed.
	Close(ctx context.Context) error
}

// Host is the server, as its engine sees it. The engine calls its methods one at a time.
// They may use a log, but do not call the engine.
type Host interface {
	// Own says that the rooms of a partition may open on this node, and where they are
	// kept. The log is ready when Own is called. If Own returns an error, the engine gives
	// the partition up; Start returns the error if it is still running.
	Own(partition int, log Log) error

	// Lose says that the rooms of a partition must not write any more: another node owns
	// them. The log that was given with Own is closed. The host forgets the rooms without
	// telling their members that they have ended. If the node owns the partition again,
	// Own gives it another log.
	Lose(partition int, why error)
}

// Log is what a partition's rooms have written. All methods may be called concurrently;
// the calls for one room come from one goroutine at a time. The name of a room has 1 to 128
// bytes, of any value.
//
// The records of a room form a sequence without holes. When one fails, so do all later
// ones, until the room has been read with Load: only then does the caller know what was
// stored. Those that may have been stored along with it fail with [ErrUnknown], the others
// with [ErrBroken]. Of the unknown ones none is stored without those before it.
type Log interface {
	// Rooms iterates over the names of the rooms that are stored, in no order. It may miss
	// what is written meanwhile. After an error, such as that of ctx or ErrClosed, it
	// yields nothing more.
	Rooms(ctx context.Context) iter.Seq2[string, error]

	// Load iterates over what is stored of a room: the parts of its newest complete
	// snapshot, then the records that followed it, oldest first. For a room that is not
	// stored it yields nothing. It first waits until all that was appended to the room
	// before is answered. The bytes belong to the caller. After an error, such as that of
	// ctx or ErrClosed, it yields nothing more. A room counts as read when it has been
	// read to its end.
	Load(ctx context.Context, room string) iter.Seq2[Chunk, error]

	// Append stores a record after the others of the room, and calls done when the record
	// is durable or has failed. It does not wait for that. Done is called exactly once, on
	// another goroutine, and must not block. For one room, calls of done come one at a
	// time and in the order of the appends; between rooms there is no order. The record
	// must not be changed before done is called. It may be empty.
	Append(room string, record []byte, done func(error))

	// Replace stores a snapshot, which takes the place of all that was written of the room
	// before. A snapshot is stored whole or not at all: the former state stays until
	// then. Its place among the records, and done, are those of Append. The parts are
	// read and copied before Replace returns: a part may be reused for the next. If one
	// has more than MaxRecord bytes, the snapshot fails with ErrTooLarge. A snapshot
	// without parts is a Delete.
	Replace(room string, parts iter.Seq[[]byte], done func(error))

	// Delete removes all that is stored of a room. Its place among the records, and done,
	// are those of Append.
	Delete(room string, done func(error))
}

// Chunk is a piece of what is stored of a room.
type Chunk struct {
	// Snapshot says that it is a part of the snapshot, and not a record.
	Snapshot bool
	Bytes    []byte
}
