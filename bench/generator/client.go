//go:build linux

package generator

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/DhruvikDonga/simplysocket/bench/kernel"
	"github.com/DhruvikDonga/simplysocket/bench/wire"
)

// client is one of the clients.
type client struct {
	room   *room
	fd     int
	stream stream
	flat   *inflater // nil: no compression
	cut    []byte    // the beginning of an incomplete frame
	parts  []byte    // ... and of an incomplete message
	in     bool      // admitted, and in its room if it should be in one
	away   bool      // it has been in before
	synced bool      // next is known
	next   int       // the number of the next message
	heard  int       // messages
	count  int       // of members, as the room last announced it
	code   int       // of the server's close frame
	session
}

// forget resets a client that has lost its connection.
func (p *client) forget() {
	p.away = true
	p.fd, p.stream, p.flat, p.cut, p.parts = 0, nil, nil, nil, nil
	p.in, p.synced, p.code = false, false, 0
}

func (p *client) write(b []byte) error {
	if err := p.stream.send(b); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// read reads what is available.
func (p *client) read(buf []byte) error {
	for {
		n, err := p.stream.receive(buf)
		if errors.Is(err, kernel.ErrNothing) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		p.room.set.bytes += n
		if err := p.take(buf[:n], time.Now()); err != nil {
			return err
		}
		if p.stream.drained(n, len(buf)) {
			return nil // more data would be another event
		}
	}
}

// take cuts data into frames (RFC 6455 section 5.2).
func (p *client) take(data []byte, now time.Time) error {
	if len(p.cut) > 0 {
		data = append(p.cut, data...)
		p.cut = nil
	}
	for {
		h, ok := wire.ReadHeader(data)
		if !ok || len(data)-h.Size < h.Body {
			p.cut = append(p.cut, data...)
			return nil
		}
		if err := p.frame(h.First, data[h.Size:h.Size+h.Body], now); err != nil {
			return err
		}
		data = data[h.Size+h.Body:]
	}
}

// The first bytes of frames: the last of a message, and those before it.
const (
	text       = 0x81
	compressed = 0xc1
	begun      = 0x01
	goesOn     = 0x00
	ended      = 0x80
	closing    = 0x88
	ping       = 0x89
)

func (p *client) frame(first byte, payload []byte, now time.Time) error {
	switch first {
	case text:
		return p.text(payload, now)
	case compressed:
		payload, err := p.flat.inflate(payload)
		if err != nil {
			return err
		}
		return p.text(payload, now)
	case begun, goesOn:
		p.parts = append(p.parts, payload...)
		return nil
	case ended:
		p.parts = append(p.parts, payload...)
		err := p.text(p.parts, now)
		p.parts = p.parts[:0]
		return err
	case closing:
		if p.code = 1005; len(payload) >= 2 {
			p.code = int(binary.BigEndian.Uint16(payload))
		}
		return nil
	case ping:
		return p.write(append([]byte{0x8a, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...))
	default:
		return fmt.Errorf("a frame that begins with %#x", first)
	}
}

var marker = []byte(wire.Marker)

// text finds the numbers of the messages in a frame, which may hold several. A message
// without one comes from the server itself.
func (p *client) text(payload []byte, now time.Time) error {
	s := p.room.set
	if s.Resumes {
		s.dialect.remember(&p.session, payload)
	}
	p.in = p.in || bytes.Contains(payload, []byte(p.awaited()))
	at := bytes.Index(payload, marker)
	if at < 0 {
		return p.told(payload)
	}
	for rest := payload; at >= 0; at = bytes.Index(rest, marker) {
		rest = rest[at+len(marker):]
		p.message(wire.Number(rest), now)
	}
	return nil
}

// message checks that no message is missing or doubled.
func (p *client) message(n int, now time.Time) {
	s := p.room.set
	if !p.synced {
		p.synced = true
		if s.Ticked || s.Deaf {
			p.next = n
		}
	}
	switch {
	case n < p.next:
		s.doubled++
		return
	case n > p.next:
		s.lost += n - p.next
	}
	p.next = n + 1
	p.heard++
	p.room.hear(n, now)
}

// awaited is the text that shows that the client is in.
func (p *client) awaited() string {
	d := &p.room.set.dialect
	switch {
	case p.away:
		return d.returned
	case p.room.set.Lobby:
		return d.welcomed
	default:
		return d.joined
	}
}

// told handles messages of the server itself.
func (p *client) told(payload []byte) error {
	d := &p.room.set.dialect
	if d.count != "" && bytes.HasPrefix(payload, []byte(d.count)) {
		digits, _, _ := bytes.Cut(payload[len(d.count):], []byte("}"))
		var err error
		if p.count, err = strconv.Atoi(string(digits)); err != nil {
			return fmt.Errorf("count of members: %w", err)
		}
	}
	if answer, ok := d.answers[string(payload)]; ok {
		return p.write(wire.AppendMasked(nil, []byte(answer)))
	}
	return nil
}
