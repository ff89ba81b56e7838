//go:build linux

package generator

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"strings"
)

// inflater decompresses messages that are independent of each other (RFC 7692 section
// 7.2.2). Members of a room get the same bytes if their server compresses once, so it
// checks whether it has just seen them.
type inflater struct {
	last  []byte
	plain bytes.Buffer
	from  io.ReadCloser
}

// tail is what a message's end lacks, and an empty last block.
const tail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"

func (f *inflater) inflate(payload []byte) ([]byte, error) {
	if bytes.Equal(payload, f.last) {
		return f.plain.Bytes(), nil
	}
	f.last = append(f.last[:0], payload...)
	source := io.MultiReader(bytes.NewReader(f.last), strings.NewReader(tail))
	if f.from == nil {
		f.from = flate.NewReader(source)
	} else if err := f.from.(flate.Resetter).Reset(source, nil); err != nil {
		return nil, err
	}
	f.plain.Reset()
	if _, err := f.plain.ReadFrom(f.from); err != nil {
		return nil, fmt.Errorf("a compressed message: %w", err)
	}
	return f.plain.Bytes(), nil
}
