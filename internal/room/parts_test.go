package room_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// TestDifference: two rooms that differ differ in a part, and in none if they are the same.
func TestDifference(t *testing.T) {
	base := snapshot(recorded(t).m)
	read := func(snapshot []byte) *room.Image {
		image, err := room.ReadSnapshot(snapshot)
		if err != nil {
			t.Fatal(err)
		}
		return image
	}
	if part, _, differ := room.Difference(read(base), read(base)); differ {
		t.Errorf("it differs from itself in %v", part)
	}
	if again, err := read(base).Snapshot(nil); err != nil || !bytes.Equal(again, base) {
		t.Errorf("its image is another snapshot: %v", err)
	}
	named := map[string]bool{}
	for n := range base {
		for _, mask := range []byte{1, 2, 4, 8, 16} {
			changed := bytes.Clone(base)
			changed[n] ^= mask
			image, err := room.ReadSnapshot(changed)
			if err != nil {
				continue
			}
			part, other, differ := room.Difference(read(base), image)
			if !differ {
				named["nothing"] = true
				continue
			}
			if part.Name != other.Name || part.Kind != other.Kind || part.Form == other.Form {
				t.Errorf("%v and %v", part, other)
			}
			named[strings.Fields(part.Name)[0]] = true
		}
	}
	for _, part := range []string{"state", "table", "property", "member", "timer", "task", "the", "whether", "its"} {
		if !named[part] {
			t.Errorf("nothing differs in a %s: %v", part, named)
		}
	}
}
