package room

import (
	"encoding/json"
	"fmt"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// outputVersion is the version of the encoding of an [Output].
const outputVersion = 1

// AppendConfig appends the encoding of what a room opens with.
func AppendConfig(b []byte, c *Config) []byte {
	w := writer{append(b, snapshotVersion)}
	w.config(c)
	return w.b
}

// ReadConfig decodes what AppendConfig has encoded, and returns the bytes after it. The
// error wraps [ErrEncoding].
func ReadConfig(b []byte) (c Config, rest []byte, err error) {
	r := reader{b: b}
	if version := r.byte(); version != snapshotVersion {
		r.fail(fmt.Sprintf("opening of version %d", version))
	}
	c = r.config()
	return c, r.b, r.err
}

// The parts of an output that are yes or no.
const (
	outputClosed = 1 << iota
	outputMember
	outputBadGuess
)

// AppendOutput appends the encoding of what an entry has yielded, for comparisons: of an
// error it has the text, and of a panic no stack. A password with which a client is sent to
// another room is not in it.
func AppendOutput(b []byte, o *Output) []byte {
	w := writer{append(b, outputVersion,
		flag(outputClosed, o.Closed)|flag(outputMember, o.Reply.IsMember)|flag(outputBadGuess, o.Reply.BadGuess))}
	w.int(o.Deliveries)
	w.int(len(o.Items))
	for i := range o.Items {
		w.said(&Said{o.Items[i], o.Payload(&o.Items[i])})
	}
	w.int(len(o.Effects))
	for i := range o.Effects {
		e := &o.Effects[i]
		w.byte(byte(e.Kind))
		w.uint(e.Number)
		w.uint(e.Epoch)
		w.string(e.Member)
		w.string(e.Name)
		w.string(e.Action)
		if e.Kind == EffectJoin {
			w.bytes(ReplaceFields(e.Body, []string{passwordKey}, hideValue))
		} else {
			w.bytes(e.Body)
		}
	}
	w.error(o.Reply.Err)
	w.bytes(o.Reply.Body)
	w.int(len(o.Failures))
	for i := range o.Failures {
		w.string(o.Failures[i].Where)
		w.error(o.Failures[i].Err)
	}
	return w.b
}

// hideValue stands for the password of another room.
func hideValue(json.RawMessage) json.RawMessage { return json.RawMessage(`"hidden"`) }

// ReadOutput decodes what AppendOutput has encoded, and returns the bytes after it. The
// error wraps [ErrEncoding].
func ReadOutput(b []byte) (o *Output, rest []byte, err error) {
	r := reader{b: b}
	if version := r.byte(); version != outputVersion {
		r.fail(fmt.Sprintf("output of version %d", version))
	}
	o = &Output{}
	flags := r.byte()
	o.Closed, o.Reply.IsMember, o.Reply.BadGuess = flags&outputClosed != 0, flags&outputMember != 0, flags&outputBadGuess != 0
	o.Deliveries = r.int()
	for range r.count() {
		s := r.said()
		s.first = len(o.payloads)
		o.payloads = append(o.payloads, s.Payload...)
		s.end = len(o.payloads)
		o.Items = append(o.Items, s.Item)
	}
	for range r.count() {
		e := Effect{
			Kind: EffectKind(r.byte()), Number: r.uint(), Epoch: r.uint(),
			Member: r.string(), Name: r.string(), Action: r.string(), Body: r.optional(),
		}
		o.Effects = append(o.Effects, e)
	}
	o.Reply.Err, o.Reply.Body = r.error(), r.optional()
	for range r.count() {
		o.Failures = append(o.Failures, Problem{Where: r.string(), Err: r.error()})
	}
	return o, r.b, r.err
}

// What an error was. The numbers are part of the encoding.
const (
	errorNone = iota
	errorPublic
	errorFault
	errorPublicFault
	errorPanic
	errorExit
	errorLast = errorExit
)

// AppendError appends the encoding of an error that a machine works with; it may be nil.
func AppendError(b []byte, err error) []byte {
	w := writer{b}
	w.error(err)
	return w.b
}

// ReadError decodes what AppendError has encoded, and returns the bytes after it: an
// [*Error], a [*Panic], or a [*Fault] for all others. The second error wraps [ErrEncoding].
func ReadError(b []byte) (encoded error, rest []byte, err error) {
	r := reader{b: b}
	encoded = r.error()
	return encoded, r.b, r.err
}

func (w *writer) error(err error) {
	kind, public, text := errorFault, (*Error)(nil), ""
	switch err := err.(type) { //nolint:errorlint // what an error wraps belongs to the application
	case nil:
		kind = errorNone
	case *Error:
		kind, public = errorPublic, err
	case *Panic:
		kind, text = errorPanic, err.Text
		if err.Exit {
			kind = errorExit
		}
	case *Fault:
		text = err.Text
		if err.Public != nil {
			kind, public = errorPublicFault, err.Public
		}
	default:
		text = textOf(err)
	}
	w.byte(byte(kind))
	if public != nil {
		w.string(string(public.Code))
		w.string(public.Message)
	}
	if kind > errorPublic {
		w.string(text)
	}
}

// textOf returns the text of an error that may be of the application.
func textOf(err error) (text string) {
	_ = guard(func() error {
		text = err.Error()
		return nil
	})
	return text
}

func (r *reader) error() error {
	kind := r.byte()
	if kind > errorLast {
		r.fail("no such error")
	}
	var public *Error
	if kind == errorPublic || kind == errorPublicFault {
		public = &Error{Code: protocol.Code(r.string()), Message: r.string()}
	}
	switch kind {
	case errorPublic:
		return public
	case errorFault, errorPublicFault:
		return &Fault{Public: public, Text: r.string()}
	case errorPanic, errorExit:
		return &Panic{Text: r.string(), Exit: kind == errorExit}
	default:
		return nil
	}
}
