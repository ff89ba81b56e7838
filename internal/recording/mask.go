package recording

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// Hidden is what the replacement of a password or another secret begins with.
const Hidden = "hidden-"

// Mask replaces secrets by names that are made with a key of its own, which is never
// written: nobody can find out by trying what a name stands for. It implements [room.Mask].
type Mask struct {
	key     [32]byte
	claims  []string
	secrets []string
}

// NewMask returns a mask with a new key. It lets the named claims of identities pass, and
// replaces the values of the named keys in bodies, besides the password of a join.
func NewMask(claims, secrets []string) *Mask {
	m := &Mask{claims: claims, secrets: secrets}
	_, _ = rand.Read(m.key[:]) // it never fails
	return m
}

// Network implements [room.Mask].
func (m *Mask) Network(network string) string {
	if network == "" {
		return ""
	}
	return m.name("network-", 'n', []byte(network))
}

// Password implements [room.Mask].
func (m *Mask) Password(sum [sha256.Size]byte) string { return m.name(Hidden, 'p', sum[:]) }

func (m *Mask) name(prefix string, kind byte, value []byte) string {
	h := hmac.New(sha256.New, m.key[:])
	h.Write([]byte{kind})
	h.Write(value)
	return prefix + hex.EncodeToString(h.Sum(nil)[:10])
}

// Identity implements [room.Mask].
func (m *Mask) Identity(id *room.Identity) *room.Identity {
	if id == nil || len(id.Claims) == 0 {
		return id
	}
	kept := &room.Identity{User: id.User}
	for name, value := range id.Claims {
		if slices.Contains(m.claims, name) {
			if kept.Claims == nil {
				kept.Claims = map[string]any{}
			}
			kept.Claims[name] = value
		}
	}
	return kept
}

// Secrets implements [room.Mask].
func (m *Mask) Secrets() []string { return m.secrets }
