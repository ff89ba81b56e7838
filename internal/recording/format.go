package recording

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// Magic is what each segment begins with. Its last byte is the version of the format.
const Magic = "SSREC\r\n\x01"

// The kinds of blocks.
const (
	blockSegment  = 'S'
	blockOpening  = 'O'
	blockSnapshot = 'P'
	blockEntry    = 'E'
	blockEnd      = 'Z'
)

// Why says why a segment begins or ends. The numbers are part of the format.
type Why uint8

// The reasons.
const (
	Opened   Why = iota + 1 // begins: the room has opened
	Started                 // begins: somebody has started to record
	Full                    // ends: it is as long as it may be. Begins: the next one
	Gap                     // ends, begins: the writer was too slow
	Restored                // ends, begins: the room was restored, and what was not stored is undone
	Closed                  // ends: the room has closed
	Stopped                 // ends: nobody records any more
	lastWhy  = Stopped
)

// String says it in a few words.
func (w Why) String() string {
	words := [...]string{Opened: "the room opened", Started: "the recording was started", Full: "the segment was full",
		Gap: "the writer was too slow", Restored: "the room was restored", Closed: "the room closed", Stopped: "the recording was stopped"}
	if w == 0 || int(w) >= len(words) {
		return fmt.Sprintf("reason %d", w)
	}
	return words[w]
}

// Segment is what a segment begins with.
type Segment struct {
	Number      uint64
	Why         Why
	Stored      bool      // an engine writes the room down
	Time        time.Time // that of the system
	Lost        uint64    // entries between the segment before and this one
	Room        string
	Library     string // the version of simplysocket, if it is known
	Application string // that of the application

	// Either of them is set.

	Opening  *Opening
	Snapshot []byte // for room.ReadSnapshot
}

// Opening is how a room has opened.
type Opening struct {
	Config room.Config
	Output []byte // of the setup, for room.ReadOutput
}

// Step is an entry and what it has yielded.
type Step struct {
	Refused error // the entry was taken with room.Machine.Refuse; nil: it was applied
	Entry   room.Entry
	Output  []byte // for room.ReadOutput
}

// End is how a segment ends.
type End struct {
	Why     Why
	Entries uint64
	Lost    uint64 // after them
}

// headSize and sumSize are what a block takes besides its content.
const (
	headSize = 9
	sumSize  = 4
)

// maxBlock is the largest content of a block.
const maxBlock = 1 << 30

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// block appends a block whose content is appended by f.
func block(b []byte, kind byte, f func([]byte) []byte) []byte {
	first := len(b)
	return seal(f(begin(b, kind)), first)
}

// begin appends the head of a block, which seal completes.
func begin(b []byte, kind byte) []byte { return append(b, kind, 0, 0, 0, 0, 0, 0, 0, 0) }

// seal completes the block that begins at first and ends with b.
func seal(b []byte, first int) []byte {
	head, content := b[first:first+headSize], b[first+headSize:]
	binary.LittleEndian.PutUint32(head[1:], uint32(len(content))) //nolint:gosec // a block has no 4 GiB
	binary.LittleEndian.PutUint32(head[5:], crc32.Checksum(head[:5], castagnoli))
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(content, castagnoli))
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendSegment appends the beginning of a segment without its opening or snapshot.
func appendSegment(b []byte, s *Segment) []byte {
	return block(append(b, Magic...), blockSegment, func(b []byte) []byte {
		stored := byte(0)
		if s.Stored {
			stored = 1
		}
		b = append(binary.AppendUvarint(b, s.Number), byte(s.Why), stored)
		b = binary.AppendUvarint(b, uint64(s.Time.UnixNano()))
		b = binary.AppendUvarint(b, s.Lost)
		return appendText(appendText(appendText(b, s.Room), s.Library), s.Application)
	})
}

func appendEnd(b []byte, e *End) []byte {
	return block(b, blockEnd, func(b []byte) []byte {
		return binary.AppendUvarint(binary.AppendUvarint(append(b, byte(e.Why)), e.Entries), e.Lost)
	})
}

func appendOpening(b []byte, cfg *room.Config, out *room.Output) []byte {
	return block(b, blockOpening, func(b []byte) []byte {
		return room.AppendOutput(room.AppendConfig(b, cfg), out)
	})
}

// appendStep appends an entry. It makes no function that would have to be allocated.
func appendStep(b []byte, e *room.Entry, refused error, out *room.Output) []byte {
	first := len(b)
	b = room.AppendError(begin(b, blockEntry), refused)
	b = room.AppendEntry(b, e)
	return seal(room.AppendOutput(b, out), first)
}
