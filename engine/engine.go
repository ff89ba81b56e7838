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
	// will be: the host has lost the partition.
	ErrFenced = errors.New("engine: another owner writes to the partition")
	// ErrUnknown: the record may have been stored or not. Reading the room tells.
	ErrUnknown = errors.New("engine: unknown whether the record was stored")
	// ErrBroken: an earlier record of the room has failed, so this one was not stored.
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
	// once.
	Start(ctx context.Context, host Host) error

	// Partition returns the partition that a room belongs to, from 0. It is the same on
	// every node, and for as long as what is stored lives.
	Partition(room string) int

	// Close waits for what was appended, gives all partitions up and frees what the engine
	// holds. It calls Lose for no partition. If ctx ends first, Close gives up waiting and
	// returns its error; what was not stored is lost.
	Close(ctx context.Context) error
}

// Host is the server, as its engine sees it. The engine calls its methods one at a time.
type Host interface {
	// Own says that the rooms of a partition may open on this node, and where they are
	// kept. If Own returns an error, the engine gives the partition up; Start returns the
	// error if it is still running.
	Own(partition int, log Log) error

	// Lose says that the rooms of a partition must not write any more: another node owns
	// them. The log that was given with Own is closed. The host forgets the rooms without
	// telling their members that they have ended.
	Lose(partition int, why error)
}

// Log is what a partition's rooms have written. All methods may be called concurrently;
// the calls for one room come from one goroutine at a time.
//
// The records of a room form a sequence without holes. When one fails, all later ones fail
// with [ErrBroken], until the room is read with Load: only then does the caller know what
// was stored.
type Log interface {
	// Rooms iterates over the names of the rooms that are stored, in no order.
	Rooms(ctx context.Context) iter.Seq2[string, error]

	// Load iterates over what is stored of a room: the parts of its newest complete
	// snapshot, then the records that followed it, oldest first. For a room that is not
	// stored it yields nothing. The bytes belong to the caller. After an error it yields
	// nothing more.
	Load(ctx context.Context, room string) iter.Seq2[Chunk, error]

	// Append stores a record after the others of the room, and calls done when the record
	// is durable or has failed. For one room, calls of done come in the order of the
	// appends; between rooms there is no order. Done is called exactly once, on another
	// goroutine, and must not block. The record must not be changed before that.
	Append(room string, record []byte, done func(error))

	// Replace stores a snapshot, which takes the place of all that was written of the room
	// before. A snapshot is stored whole or not at all: the former state stays until
	// then. Its place among the records, and done, are those of Append. The parts are
	// read before Replace returns.
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
