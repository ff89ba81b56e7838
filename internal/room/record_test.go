package room_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// recorder writes a room down as it plays.
type recorder struct {
	t       *testing.T
	m       *room.Machine
	base    []byte
	records [][]byte
	said    []room.Said
}

func (r *recorder) hear(out *room.Output) {
	for i := range out.Items {
		it := out.Items[i]
		it.Numbers = append([]uint64(nil), it.Numbers...)
		r.said = append(r.said, room.Said{Item: it, Payload: bytes.Clone(out.Payload(&out.Items[i]))})
	}
}

func (r *recorder) seal() {
	record, err := r.m.AppendRecord(nil, r.said)
	if err != nil {
		r.t.Fatal(err)
	}
	r.records, r.said = append(r.records, record), nil
}

// read returns the room that was written down, and all that it has said since the snapshot.
func (r *recorder) read(a *app) (m *room.Machine, said []room.Said) {
	image, err := room.ReadSnapshot(r.base)
	for _, record := range r.records {
		if err != nil {
			r.t.Fatal(err)
		}
		var more []room.Said
		more, err = image.Redo(record)
		said = append(said, more...)
	}
	if err == nil {
		m, err = image.Open(a)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return m, said
}

// TestRecords: a snapshot and the records after it are the room, at each record, and tell all
// that it has said.
func TestRecords(t *testing.T) {
	for seed := range uint64(times(*histories / 10)) { // each is restored at every record
		pick := rand.New(rand.NewPCG(seed, 3))
		h := &history{rng: rand.New(rand.NewPCG(seed, 1)), now: began, names: 6, app: &app{kind: "coded", recorded: true}}
		if pick.IntN(3) == 0 {
			h.app.kind = "ticking"
		}
		h.m, _ = open(config(h.app.kind), h.app)
		r := &recorder{t: t, m: h.m, base: snapshot(h.m)}
		var want []room.Said
		h.check = func(_ *room.Entry, out *room.Output) {
			r.hear(out)
			if out.Closed || pick.IntN(4) > 0 {
				return
			}
			want = append(want, r.said...)
			r.seal()
			m, said := r.read(&app{kind: h.app.kind, recorded: true})
			live := snapshot(h.m)
			if !bytes.Equal(snapshot(m), live) {
				t.Fatalf("seed %d, record %d: another room: %s", seed, len(r.records), difference(portrait(h.m), portrait(m)))
			}
			if got := fmt.Sprintf("%+v", said); got != fmt.Sprintf("%+v", bare(want)) {
				t.Fatalf("seed %d, record %d said\n%s\nwant\n%+v", seed, len(r.records), got, bare(want))
			}
			if pick.IntN(10) == 0 {
				r.base, r.records, want = live, nil, nil
			}
		}
		h.play(200)
	}
}

// bare is what was said without what only its output knows.
func bare(all []room.Said) (said []room.Said) {
	for i := range all {
		s := all[i]
		said = append(said, room.Said{Item: room.Item{
			Kind: s.Kind, Reason: s.Reason, Away: s.Away, Notice: s.Notice, Ordered: s.Ordered, Answer: s.Answer, Silent: s.Silent,
			Restart: s.Restart, Lost: s.Lost, Overflow: s.Overflow, Members: s.Members, Number: s.Number, Numbers: s.Numbers,
			Member: s.Member, Seq: s.Seq, Key: s.Key, Seen: s.Seen, Before: s.Before, Since: s.Since, ID: s.ID, Action: s.Action,
			Re: s.Re, Body: s.Body, Time: s.Time,
		}, Payload: s.Payload})
	}
	return said
}

// TestGoldenRecord: what was written earlier is still read as the same record.
func TestGoldenRecord(t *testing.T) {
	r := recorded(t)
	raw := golden(t, "record.v1", r.records[0])
	image, err := room.ReadSnapshot(r.base)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := image.Redo(raw); err != nil {
		t.Fatal(err)
	}
	m, err := image.Open(&app{kind: "ticking", recorded: true})
	if err != nil {
		t.Fatal(err)
	}
	if want, got := portrait(r.m), portrait(m); got != want {
		t.Error(difference(want, got))
	}
}

// recorded is a room whose record has all parts.
func recorded(t *testing.T) *recorder {
	s := &stage{t: t, kind: "ticking", now: began}
	var out *room.Output
	s.m, out = open(config("ticking"), &app{kind: "ticking", recorded: true})
	r := &recorder{t: t, m: s.m, base: snapshot(s.m)}
	r.hear(out)
	s.hear = r.hear
	for _, command := range fullRooms["snapshot.v1"][1:] {
		s.run(&strings.Builder{}, command)
	}
	r.seal()
	return r
}

// TestMalformedRecords: what is cut or changed is an error or another room, and no panic.
func TestMalformedRecords(t *testing.T) {
	r := recorded(t)
	redo := func(record []byte) (*room.Machine, error) {
		image, err := room.ReadSnapshot(r.base)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := image.Redo(record); err != nil {
			return nil, err
		}
		return image.Open(&app{kind: "ticking", recorded: true})
	}
	record := r.records[0]
	for n := range record {
		if _, err := redo(record[:n]); !errors.Is(err, room.ErrEncoding) {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
		for _, mask := range []byte{1, 2, 4, 8, 16, 32, 64, 0x80, 0xff} {
			changed := bytes.Clone(record)
			changed[n] ^= mask
			m, err := redo(changed)
			var of *room.ValueError
			switch {
			case err == nil:
				m.Apply(&room.Entry{Kind: room.KindClose, Time: began})
			case !errors.Is(err, room.ErrEncoding) && !errors.As(err, &of):
				t.Errorf("byte %d ^ %#x: %v", n, mask, err)
			}
		}
	}
	if _, err := redo(append(bytes.Clone(record), 0)); !errors.Is(err, room.ErrEncoding) {
		t.Errorf("a byte too many: %v", err)
	}
	later := bytes.Clone(record)
	later[1]++
	if _, err := redo(later); !errors.Is(err, room.ErrEncoding) {
		t.Errorf("a record that does not follow: %v", err)
	}
}

// FuzzRedo finds no bytes that make a panic.
func FuzzRedo(f *testing.F) {
	r := recorded(&testing.T{})
	f.Add(r.records[0])
	f.Fuzz(func(t *testing.T, record []byte) {
		image, err := room.ReadSnapshot(r.base)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := image.Redo(record); err != nil {
			return
		}
		m, err := image.Open(&app{kind: "ticking", recorded: true})
		if err != nil {
			return
		}
		if _, err := room.Restore(snapshot(m), &app{kind: "ticking"}); err != nil {
			t.Error(err)
		}
	})
}
