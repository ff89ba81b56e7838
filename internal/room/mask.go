package room

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"slices"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Mask replaces what must not be in a recording. For the same value it returns the same
// replacement, so that a room decides with the replacements as it did.
type Mask interface {
	// Network replaces the network that a client comes from.
	Network(string) string
	// Password replaces a password, which is known by its hash.
	Password(sum [sha256.Size]byte) string
	// Identity leaves out the claims that must not be recorded.
	Identity(*Identity) *Identity
	// Secrets are further keys of bodies whose values are replaced as passwords are.
	Secrets() []string
}

// passwordKey is the key of a password in the body of a join.
const passwordKey = "password"

// MaskedSnapshot is [Machine.Snapshot] with everything replaced that must not be in a
// recording. The next record of the room has the same changes as without it.
func (m *Machine) MaskedSnapshot(b []byte, mask Mask) ([]byte, error) {
	masked := *m
	ledger := *m.ledger
	ledger.changes = nil
	masked.ledger = &ledger
	masked.order = roster{next: m.order.next}
	for member := range m.order.all() {
		one := *member
		one.Identity = mask.Identity(member.Identity)
		masked.order.append(&one)
	}
	masked.guesses = nil
	for network, g := range m.guesses {
		if masked.guesses == nil {
			masked.guesses = make(map[string]guess, len(m.guesses))
		}
		masked.guesses[mask.Network(network)] = g
	}
	if m.password != nil {
		sum := sha256.Sum256([]byte(mask.Password(*m.password)))
		masked.password = &sum
	}
	return masked.Snapshot(b)
}

// Masked returns the entry as it may be recorded: e itself if nothing has to be replaced.
func (e *Entry) Masked(mask Mask) *Entry {
	secrets := mask.Secrets()
	if e.Who == nil && len(secrets) == 0 {
		return e
	}
	masked := *e
	if who := e.Who; who != nil {
		w := *who
		w.Network, w.Identity = mask.Network(who.Network), mask.Identity(who.Identity)
		masked.Who = &w
	}
	if e.Kind == KindJoin {
		secrets = append(slices.Clip(secrets), passwordKey)
	}
	if len(secrets) > 0 {
		masked.Body = ReplaceFields(e.Body, secrets, func(value json.RawMessage) json.RawMessage { return maskValue(value, mask) })
	}
	return &masked
}

// maskValue replaces a secret. A room refuses what is no string, and tells its kind.
func maskValue(value json.RawMessage, mask Mask) json.RawMessage {
	var secret string
	switch {
	case len(value) == 0 || value[0] == 'n' || value[0] == 't' || value[0] == 'f':
		return value
	case value[0] == '{':
		return json.RawMessage("{}")
	case value[0] == '[':
		return json.RawMessage("[]")
	case value[0] != '"':
		return json.RawMessage("0")
	case json.Unmarshal(value, &secret) != nil || secret == "":
		return json.RawMessage(`""`)
	}
	replacement, _ := json.Marshal(mask.Password(sha256.Sum256([]byte(secret)))) // a string has a JSON form
	return replacement
}

// ReplaceFields returns an object with the values of some keys replaced: the object itself
// if it has none of them.
func ReplaceFields(object json.RawMessage, keys []string, replace func(json.RawMessage) json.RawMessage) json.RawMessage {
	if !hasField(object, keys) {
		return object
	}
	b := bytes.NewBuffer(make([]byte, 0, len(object)))
	separator := byte('{')
	for key, value := range protocol.Fields(object) {
		b.WriteByte(separator)
		separator = ','
		name, _ := json.Marshal(key) // a string has a JSON form
		b.Write(name)
		b.WriteByte(':')
		if slices.Contains(keys, key) {
			value = replace(value)
		}
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes()
}

func hasField(object json.RawMessage, keys []string) bool {
	if len(object) <= len("{}") {
		return false
	}
	for key := range protocol.Fields(object) {
		if slices.Contains(keys, key) {
			return true
		}
	}
	return false
}
