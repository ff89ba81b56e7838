// Package recording is the format of what rooms are recorded in, and writes and reads it. A
// recording is for tests, for the inspector and for comparing a new program with an old one.
// No room is ever restored from it.
//
// # The format
//
// A recording is a sequence of segments, in one file or in several: recordings that are put
// one after the other are a recording. Each segment can be read by itself. It is the eight
// bytes of [Magic], the last of which is the version of the format, and then blocks:
//
//	kind      1 byte
//	length    4 bytes, little-endian: of the content
//	checksum  4 bytes, little-endian: CRC-32C of the 5 bytes before
//	content
//	checksum  4 bytes, little-endian: CRC-32C of the content
//
// Within a content, numbers are unsigned varints as in encoding/binary, and a text has its
// length before it. The blocks of a segment, in this order:
//
//	S  the segment: its number in the recording, why it begins (1 byte, see [Why]), whether an
//	   engine writes the room down (1 byte), the time in nanoseconds since 1970, how many entries were lost before it, and three texts: the
//	   room, the version of simplysocket, and that of the application
//	O  an opening: the room's configuration, and what its setup has yielded. The room is
//	   opened again from it
//	P  or, in its place, a snapshot of the room between two entries
//	E  an entry, any number of times: the error with which it was refused without the code of
//	   the application, if it was; the entry; its output
//	Z  the end: why the segment ends (1 byte), how many entries it has, and how many were
//	   lost after them
//
// Configuration, snapshot, errors, entries and outputs are encoded by internal/room, and
// begin with a version of their own.
//
// Because each block has its checksums, a byte that was changed is found in the block in
// which it is: reading it fails with a [*DamageError]. A recording whose process has ended
// stops in the middle of a block or without an end. That is no error: the reader cuts such
// a tail off and tells how the segment ended, see [Reader.End].
//
// # What is not in it
//
// Passwords of joins, the networks of clients and, unless they are asked for, the claims of
// identities: see [Mask].
package recording
