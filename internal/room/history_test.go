package room_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

func kept(seq uint64, kind room.ItemKind, numbers ...uint64) room.Kept[string] {
	return room.Kept[string]{Kind: kind, Seq: seq, Numbers: numbers, Size: 10, At: began.Add(time.Duration(seq) * time.Second), Frame: fmt.Sprintf(`{"n":%d}`, seq)}
}

func TestHistoryMissed(t *testing.T) {
	limits := &room.HistoryLimits{Messages: 6, Bytes: 100}
	keyed := func(k room.Kept[string], key string) room.Kept[string] { k.Key = key; return k }
	for name, tt := range map[string]struct {
		kept          []room.Kept[string]
		number, since uint64
		want          string
		gapTo         uint64
	}{
		"nothing":     {nil, 1, 0, "", 0},
		"all":         {[]room.Kept[string]{kept(1, room.ItemAll), kept(2, room.ItemAll)}, 1, 0, "1 2", 0},
		"since":       {[]room.Kept[string]{kept(1, room.ItemAll), kept(2, room.ItemAll)}, 1, 1, "2", 0},
		"left out":    {[]room.Kept[string]{kept(1, room.ItemExcept, 1, 2), kept(2, room.ItemExcept, 3)}, 1, 0, "2", 0},
		"meant":       {[]room.Kept[string]{kept(1, room.ItemOnly, 1, 2), kept(2, room.ItemOnly, 3)}, 1, 0, "1", 0},
		"newest key":  {[]room.Kept[string]{keyed(kept(1, room.ItemAll), "k"), keyed(kept(2, room.ItemAll), "l"), keyed(kept(3, room.ItemAll), "k")}, 1, 0, "2 3", 0},
		"other's key": {[]room.Kept[string]{keyed(kept(1, room.ItemAll), "k"), keyed(kept(2, room.ItemOnly, 9), "k")}, 1, 0, "1", 0},
		"evicted":     {[]room.Kept[string]{kept(1, room.ItemAll), kept(2, room.ItemAll), kept(3, room.ItemAll), kept(4, room.ItemAll), kept(5, room.ItemAll), kept(6, room.ItemAll), kept(7, room.ItemAll), kept(8, room.ItemAll)}, 1, 1, "3 4 5 6 7 8", 2},
		"not reached": {[]room.Kept[string]{kept(1, room.ItemAll), kept(2, room.ItemAll), kept(3, room.ItemAll), kept(4, room.ItemAll), kept(5, room.ItemAll), kept(6, room.ItemAll), kept(7, room.ItemAll), kept(8, room.ItemAll)}, 1, 2, "3 4 5 6 7 8", 0},
	} {
		var h room.History[string]
		for _, k := range tt.kept {
			h.Add(k, limits)
		}
		frames, gapTo := h.Missed(tt.number, tt.since)
		var got []string
		for _, k := range frames {
			got = append(got, fmt.Sprint(k.Seq))
		}
		if strings.Join(got, " ") != tt.want || gapTo != tt.gapTo {
			t.Errorf("%s: got %v and a gap to %d, want %s and %d", name, got, gapTo, tt.want, tt.gapTo)
		}
	}
}

func TestHistoryIsBounded(t *testing.T) {
	var h room.History[string]
	for seq := range uint64(50) {
		h.Add(kept(seq+1, room.ItemAll), &room.HistoryLimits{Messages: 100, Bytes: 35})
	}
	if h.Len() != 3 || h.Evicted() != 47 {
		t.Errorf("%d frames of 10 bytes in 35, evicted up to %d", h.Len(), h.Evicted())
	}
	next, ok := h.Trim(began.Add(49*time.Second+500*time.Millisecond), time.Second)
	if !ok || !next.Equal(began.Add(50*time.Second)) || h.Len() != 2 {
		t.Errorf("trimmed to %d frames, next at %v", h.Len(), next)
	}
	if _, ok := h.Trim(began.Add(time.Minute), time.Second); ok || h.Len() != 0 || h.Evicted() != 50 {
		t.Errorf("%d frames, evicted up to %d", h.Len(), h.Evicted())
	}
	h.Add(kept(60, room.ItemAll), &room.HistoryLimits{Messages: 9, Bytes: 100})
	h.Skip(61)
	if h.Len() != 0 || h.Evicted() != 61 {
		t.Errorf("after a skip: %d frames, evicted up to %d", h.Len(), h.Evicted())
	}
}

func TestHistoryPage(t *testing.T) {
	var h room.History[string]
	for seq := range uint64(120) {
		k := kept(seq+1, room.ItemAll)
		k.Notice = seq%2 == 1
		h.Add(k, &room.HistoryLimits{Messages: 1000, Bytes: 1 << 20})
	}
	large := kept(121, room.ItemAll)
	large.Frame = `"` + strings.Repeat("x", room.PageBytes) + `"`
	type page struct {
		Epoch    uint64
		Messages []json.RawMessage
		Next     uint64
		Complete bool
	}
	ask := func(since, before uint64) (p page) {
		if err := json.Unmarshal(h.Page(77, 1, since, before, func(s string) []byte { return []byte(s) }), &p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	if p := ask(0, 0); len(p.Messages) != 60 || p.Next != 0 || !p.Complete || p.Epoch != 77 || string(p.Messages[0]) != `{"n":1}` {
		t.Errorf("all: %d messages, next %d, complete %t", len(p.Messages), p.Next, p.Complete)
	}
	if p := ask(100, 110); len(p.Messages) != 5 || string(p.Messages[0]) != `{"n":101}` || !p.Complete {
		t.Errorf("a part: %s", p.Messages)
	}
	h.Add(large, &room.HistoryLimits{Messages: 1000, Bytes: 1 << 20})
	first := ask(0, 0)
	if len(first.Messages) != 1 || first.Next != 121 || first.Complete {
		t.Errorf("a large one: %d messages, next %d", len(first.Messages), first.Next)
	}
	if p := ask(0, first.Next); len(p.Messages) != 60 || !p.Complete {
		t.Errorf("after it: %d messages", len(p.Messages))
	}
}
