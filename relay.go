package simplysocket

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"math"
	"reflect"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Relay is the setup of a relay room: it registers nothing. The room passes on
// what it receives to all members, welcomes who joins and tells the others.
// With no [Server.HandleRoom] at all, every valid name opens such a room.
func Relay(*Room) error { return nil }

// mute is the setup of the lobby where rooms have code and the lobby has none: what
// a client sends without a target must not reach every client of the server.
func mute(r *Room) error {
	r.mute = true
	return nil
}

// isRelay reports whether a room is set up by no code of the application: only such
// a room takes capacity, password and properties from who opens it.
func isRelay(setup func(*Room) error) bool {
	return reflect.ValueOf(setup).Pointer() == reflect.ValueOf(Relay).Pointer()
}

// relayState is what only relay rooms need.
type relayState struct {
	relayHandler Handler // relayRequest inside the middleware, if there is any
	counting     bool    // a room-count is due
}

// relay passes a message on: its body goes out as it came in, neither decoded
// nor encoded.
func (r *Room) relay(action string, body json.RawMessage, sender string) error {
	if err := r.spend(); err != nil {
		return err
	}
	f := r.frame(&protocol.Header{Action: action, Target: r.name, Sender: sender}, body)
	f.Stream, f.Policy = r.stream, r.overflow.policy()
	if r.overflow == ConflateByKey {
		f.Key = action + "\x00" + sender
	}
	r.emit(fanout.Item{Kind: fanout.All, Frame: f})
	return nil
}

func (r *Room) relayRequest(req *Request) (any, error) {
	return nil, r.relay(req.Action, req.Body, req.Member.ID())
}

// roomOptions is what whoever opens a relay room may set in the body of
// `join-room`.
type roomOptions struct {
	Capacity   *int
	Password   *string
	Hidden     *bool
	Properties json.RawMessage
}

// envelopeBytes is the most that an envelope takes beside its body.
const envelopeBytes = 1 << 10

// maxProperties bounds the properties of a relay room in bytes: a page of a
// hundred rooms shows them all.
const maxProperties = 2048

// configure sets up a relay room as the one who opens it wants.
func (r *Room) configure(body json.RawMessage) error {
	if len(body) <= len("{}") {
		return nil
	}
	var o roomOptions
	err := readParams(body, params{
		"capacity":   &o.Capacity,
		"password":   &o.Password,
		"hidden":     &o.Hidden,
		"properties": &o.Properties,
	})
	if err != nil {
		return err
	}
	if o.Capacity != nil && (*o.Capacity < 1 || *o.Capacity > math.MaxInt32) {
		return newError(protocol.CodeBadMessage, "capacity is a whole number from 1 to 2147483647")
	}
	listed, err := checkProperties(o.Properties)
	if err != nil {
		return err
	}
	r.listed = listed
	if o.Capacity != nil {
		r.capacity = *o.Capacity
	}
	r.hidden = o.Hidden != nil && *o.Hidden || r.hidden
	if o.Password != nil && *o.Password != "" {
		r.locked, r.password = true, sha256.Sum256([]byte(*o.Password))
	}
	r.dirty = true
	return nil
}

func checkProperties(raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if raw[0] != '{' {
		return nil, newError(protocol.CodeBadMessage, "properties is an object")
	}
	if len(raw) > maxProperties {
		return nil, newError(protocol.CodeTooLarge, "properties take %d bytes of at most %d", len(raw), maxProperties)
	}
	return raw, nil
}

// checkPassword compares in constant time, and hashes first so that not even
// the length can be measured.
func (r *Room) checkPassword(e *entry) error {
	var password *string
	if err := readParams(e.body, params{"password": &password}); err != nil {
		return err
	}
	if password == nil {
		return newError(protocol.CodeForbidden, "room %q asks for a password", r.name)
	}
	if !r.srv.guesses.allow(network(e.client.link.Load().address)) {
		return newError(protocol.CodeRateLimited, "too many wrong passwords; try again in a minute")
	}
	sum := sha256.Sum256([]byte(*password))
	if subtle.ConstantTimeCompare(sum[:], r.password[:]) != 1 {
		r.srv.guesses.failed(network(e.client.link.Load().address))
		return newError(protocol.CodeForbidden, "wrong password for room %q", r.name)
	}
	return nil
}
