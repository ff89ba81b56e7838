package protocol

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// Envelope is a message as it was read. Its slices are parts of the data, or
// copies where a string had escapes, and as valid as the data.
type Envelope struct {
	Action         []byte
	Body           []byte // message_body, an object as it came; {} where there was none
	IsTargetClient bool
	Target         []byte
	Room           []byte // with IsTargetClient: the room to use; from a server: where it comes from
	ID             uint64 // 0: no answer is wanted

	// What only a server sends. [Parse] leaves them empty.

	Sender []byte
	Ref    uint64 // the ID answered
	Re     []byte // the action answered
	Seq    uint64 // position in the room's output
	N      uint64 // number of a directed message from outside any room
	Time   int64  // of the entry, in Unix milliseconds
}

// ParseError is data that is not an envelope.
type ParseError struct {
	// ID is the message's id where it could be read, otherwise 0.
	ID      uint64
	Message string
}

// Error says what is wrong.
func (e *ParseError) Error() string { return "bad message: " + e.Message }

// MaxID is the largest id: the largest integer that JavaScript counts to.
const MaxID = 1<<53 - 1

// MaxUnanswered is how many messages of a session a server remembers. A client
// that has more of them unanswered when its connection breaks cannot learn what
// became of the oldest.
const MaxUnanswered = 256

// Parse reads a message of a client. It allocates only for strings with escapes
// and for errors, which are of type [*ParseError].
func Parse(data []byte) (Envelope, error) { return parse(data, false) }

// ParseServer reads a message of a server; otherwise it is like [Parse].
func ParseServer(data []byte) (Envelope, error) { return parse(data, true) }

// key is one of the envelope's known keys.
type key uint16

const (
	keyAction key = 1 << iota
	keyBody
	keyIsTargetClient
	keyTarget
	keyRoom
	keyID
	keySender
	keyRef
	keyRe
	keySeq
	keyN
	keyTime
)

// keyOf returns which known key name is, or 0.
func keyOf(name []byte, server bool) key {
	switch string(name) {
	case "action":
		return keyAction
	case "message_body":
		return keyBody
	case "IsTargetClient":
		return keyIsTargetClient
	case "target":
		return keyTarget
	case "room":
		return keyRoom
	case "id":
		return keyID
	}
	if !server {
		return 0
	}
	switch string(name) {
	case "sender":
		return keySender
	case "ref":
		return keyRef
	case "re":
		return keyRe
	case "seq":
		return keySeq
	case "n":
		return keyN
	case "time":
		return keyTime
	}
	return 0
}

// parse reads to the end even after a value of the wrong type, so that the
// error can be answered under the id.
func parse(data []byte, server bool) (Envelope, error) {
	p := parser{scanner: scanner{data: data}, server: server}
	err := p.envelope()
	if err == nil {
		err = p.wrong
	}
	switch {
	case err != nil:
	case p.deep:
		err = fmt.Errorf("nested deeper than %d", maxDepth)
	case p.seen&keyAction == 0:
		err = fmt.Errorf("there is no action")
	}
	if err != nil {
		return Envelope{}, &ParseError{ID: p.env.ID, Message: err.Error()}
	}
	if p.env.Body == nil {
		p.env.Body = emptyObject
	}
	return p.env, nil
}

var emptyObject = []byte("{}")

type parser struct {
	scanner
	server bool
	env    Envelope
	seen   key
	wrong  error // the first value of a wrong type
}

func (p *parser) envelope() error {
	if bytes.HasPrefix(p.data, []byte("\ufeff")) {
		return fmt.Errorf("byte 0: byte order mark")
	}
	if !utf8.Valid(p.data) {
		return fmt.Errorf("not UTF-8")
	}
	if err := p.take('{'); err != nil {
		return err
	}
	if p.peek() == '}' {
		p.pos++
		return p.end()
	}
	for {
		if err := p.pair(); err != nil {
			return err
		}
		if p.peek() != ',' {
			break
		}
		p.pos++
	}
	if err := p.take('}'); err != nil {
		return err
	}
	return p.end()
}

func (p *parser) end() error {
	if p.space(); p.pos < len(p.data) {
		return p.fail("more after the message's end")
	}
	return nil
}

// pair takes a key and its value.
func (p *parser) pair() error {
	p.space()
	name, err := p.text()
	if err != nil {
		return err
	}
	if name.lone {
		p.reject("a key has half a surrogate pair")
	}
	if err := p.take(':'); err != nil {
		return err
	}
	raw, err := p.value()
	if err != nil {
		return err
	}
	k := keyOf(name.bytes(), p.server)
	if k&p.seen != 0 {
		p.reject("duplicate key %q", name.bytes())
		return nil
	}
	p.seen |= k
	p.set(k, raw)
	return nil
}

func (p *parser) reject(format string, args ...any) {
	if p.wrong == nil {
		p.wrong = fmt.Errorf(format, args...)
	}
}

// set takes a value to its field.
func (p *parser) set(k key, raw []byte) {
	env := &p.env
	switch k {
	case keyAction:
		env.Action = p.string("action", raw)
		if err := ValidAction(env.Action); err != nil {
			p.reject("%v", err)
		}
	case keyBody:
		if raw[0] == '{' {
			env.Body = raw
		} else if string(raw) != "null" {
			p.reject("message_body is not an object")
		}
	case keyIsTargetClient:
		switch string(raw) {
		case "true":
			env.IsTargetClient = true
		case "false", "null":
		default:
			p.reject("IsTargetClient is not a boolean")
		}
	case keyTarget:
		env.Target = p.string("target", raw)
	case keyRoom:
		env.Room = p.string("room", raw)
	case keyID:
		if env.ID = p.uint("id", raw); env.ID == 0 {
			p.reject("id is not an integer from 1 to 2^53-1")
		}
	case keySender:
		env.Sender = p.string("sender", raw)
	case keyRef:
		env.Ref = p.uint("ref", raw)
	case keyRe:
		env.Re = p.string("re", raw)
	case keySeq:
		env.Seq = p.uint("seq", raw)
	case keyN:
		env.N = p.uint("n", raw)
	case keyTime:
		env.Time = int64(p.uint("time", raw)) //nolint:gosec // 2^53 at most
	}
}

func (p *parser) string(name string, raw []byte) []byte {
	if raw[0] != '"' {
		p.reject("%s is not a string", name)
		return nil
	}
	inner := scanner{data: raw}
	t, _ := inner.text() // it was scanned
	if t.lone {
		p.reject("%s has half a surrogate pair", name)
	}
	return t.bytes()
}

func (p *parser) uint(name string, raw []byte) (n uint64) {
	for i, c := range raw {
		if c < '0' || c > '9' || i > 15 {
			p.reject("%s is not an integer from 1 to 2^53-1", name)
			return 0
		}
		n = n*10 + uint64(c-'0')
	}
	if n > MaxID {
		p.reject("%s is not an integer from 1 to 2^53-1", name)
		return 0
	}
	return n
}
