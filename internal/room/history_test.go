package room_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
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
		if err := json.Unmarshal(h.Page(77, &room.Item{Number: 1, Before: before, Since: true}, since, func(s string) []byte { return []byte(s) }), &p); err != nil {
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

// TestHistoryEdges: limits that a single frame exceeds, and skipped positions.
func TestHistoryEdges(t *testing.T) {
	var h room.History[string]
	if frames, gapTo := h.Missed(1, 0); len(frames) > 0 || gapTo != 0 || h.Len() != 0 || h.Evicted() != 0 {
		t.Errorf("of nothing: %v, gap to %d", frames, gapTo)
	}
	if _, ok := h.Trim(began, time.Second); ok {
		t.Error("an empty history has something to trim")
	}
	h.Add(kept(1, room.ItemAll), &room.HistoryLimits{Messages: 9, Bytes: 100})
	h.Add(kept(2, room.ItemAll), &room.HistoryLimits{Messages: 9, Bytes: 9})
	if h.Len() != 0 || h.Evicted() != 2 {
		t.Errorf("a frame over the limit: %d frames, evicted up to %d", h.Len(), h.Evicted())
	}
	h.Add(kept(3, room.ItemAll), &room.HistoryLimits{})
	if h.Len() != 0 || h.Evicted() != 3 {
		t.Errorf("without a place: %d frames, evicted up to %d", h.Len(), h.Evicted())
	}
	h.Skip(9)
	h.Skip(5) // which is gone already
	if h.Evicted() != 9 {
		t.Errorf("after two skips: evicted up to %d", h.Evicted())
	}
	h.Add(kept(10, room.ItemAll), &room.HistoryLimits{Messages: 9, Bytes: 100})
	if frames, gapTo := h.Missed(1, 8); len(frames) != 1 || gapTo != 9 {
		t.Errorf("after 8: %d frames, gap to %d", len(frames), gapTo)
	}
	if frames, gapTo := h.Missed(1, 9); len(frames) != 1 || gapTo != 0 {
		t.Errorf("after 9: %d frames, gap to %d", len(frames), gapTo)
	}
	if frames, gapTo := h.Missed(1, 10); len(frames) != 0 || gapTo != 0 {
		t.Errorf("after 10: %d frames, gap to %d", len(frames), gapTo)
	}
	due := began.Add(15 * time.Second)
	if next, ok := h.Trim(due.Add(-1), 5*time.Second); !ok || !next.Equal(due) || h.Len() != 1 {
		t.Errorf("just before its age: %d frames, next %v", h.Len(), next)
	}
	if _, ok := h.Trim(due, 5*time.Second); ok || h.Len() != 0 {
		t.Errorf("at its age: %d frames", h.Len())
	}
}

// TestHistoryAsASlice compares a history with a slice over random operations, so that its
// ring grows, shrinks and wraps around.
func TestHistoryAsASlice(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var h room.History[string]
	var all []room.Kept[string]
	seq, evicted := uint64(0), uint64(0)
	drop := func() { evicted, all = all[0].Seq, all[1:] }
	for step := range 20_000 {
		switch op := rng.IntN(100); {
		case op < 90:
			seq += 1 + rng.Uint64N(3)
			k := kept(seq, []room.ItemKind{room.ItemAll, room.ItemExcept, room.ItemOnly}[rng.IntN(3)], 1+rng.Uint64N(2))
			if rng.IntN(3) == 0 {
				k.Key = fmt.Sprint("k", rng.IntN(3))
			}
			limits := &room.HistoryLimits{Messages: 5 + step/1000, Bytes: 150}
			h.Add(k, limits)
			all = append(all, k)
			for len(all) > limits.Messages || len(all)*k.Size > limits.Bytes {
				drop()
			}
		case op < 98:
			now := began.Add(time.Duration(seq) * time.Second)
			age := time.Duration(rng.IntN(20)) * time.Second
			h.Trim(now, age)
			for len(all) > 0 && !all[0].At.Add(age).After(now) {
				drop()
			}
		case op == 99:
			h.Skip(seq)
			all, evicted = nil, max(seq, evicted)
		}
		since, number := seq-min(seq, rng.Uint64N(20)), 1+rng.Uint64N(3)
		var want []string
		for i, k := range all {
			replaced := func(newer room.Kept[string]) bool { return k.Key != "" && newer.Key == k.Key && isFor(newer, number) }
			if k.Seq > since && isFor(k, number) && !slices.ContainsFunc(all[i+1:], replaced) {
				want = append(want, k.Frame)
			}
		}
		frames, gapTo := h.Missed(number, since)
		var got []string
		for _, k := range frames {
			got = append(got, k.Frame)
		}
		wantGap := uint64(0)
		if since < evicted {
			wantGap = evicted
		}
		if !slices.Equal(got, want) || gapTo != wantGap || h.Len() != len(all) || h.Evicted() != evicted {
			t.Fatalf("step %d: member %d missed %v and a gap to %d after %d, want %v and %d; %d frames, evicted up to %d",
				step, number, got, gapTo, since, want, wantGap, h.Len(), h.Evicted())
		}
	}
}

func isFor(k room.Kept[string], number uint64) bool {
	return k.Kind == room.ItemAll || slices.Contains(k.Numbers, number) == (k.Kind == room.ItemOnly)
}

// TestHistoryPageLimits: how much a page holds, and what it says about the rest.
func TestHistoryPageLimits(t *testing.T) {
	for name, tt := range map[string]struct {
		frames, size      int
		evict             int
		since, before     uint64
		first, last, next uint64 // 0 means none
		messages          int
		complete          bool
	}{
		"as many as fit":         {frames: 100, size: 10, first: 1, last: 100, messages: 100, complete: true},
		"one more":               {frames: 101, size: 10, first: 2, last: 101, messages: 100, next: 2},
		"the one before":         {frames: 101, size: 10, before: 2, first: 1, last: 1, messages: 1, complete: true},
		"before the first":       {frames: 5, size: 10, before: 1, complete: true},
		"before what is to come": {frames: 5, size: 10, before: 99, first: 1, last: 5, messages: 5, complete: true},
		"as many bytes as fit":   {frames: 8, size: room.PageBytes / 8, first: 1, last: 8, messages: 8, complete: true},
		"bytes of one more":      {frames: 9, size: room.PageBytes / 8, first: 2, last: 9, messages: 8, next: 2},
		"a byte too many":        {frames: 8, size: room.PageBytes/8 + 1, first: 2, last: 8, messages: 7, next: 2},
		"the oldest are gone":    {frames: 10, size: 10, evict: 4, first: 5, last: 10, messages: 6},
		"gone before the join":   {frames: 10, size: 10, evict: 4, since: 4, first: 5, last: 10, messages: 6, complete: true},
		"gone after the join":    {frames: 10, size: 10, evict: 4, since: 3, first: 5, last: 10, messages: 6},
		"since the join":         {frames: 10, size: 10, since: 7, first: 8, last: 10, messages: 3, complete: true},
		"all before the join":    {frames: 10, size: 10, since: 10, complete: true},
		"all is gone":            {frames: 10, size: 10, evict: 10},
	} {
		var h room.History[string]
		for seq := range uint64(tt.frames) {
			k := kept(seq+1, room.ItemAll)
			k.Frame = fmt.Sprintf(`"%s%06d"`, strings.Repeat("x", tt.size-8), seq+1)
			h.Add(k, &room.HistoryLimits{Messages: tt.frames, Bytes: 1 << 20})
		}
		h.Trim(began.Add(time.Duration(tt.evict)*time.Second), 0)
		raw := h.Page(9, &room.Item{Number: 1, Before: tt.before, Since: true}, tt.since, func(s string) []byte { return []byte(s) })
		var p struct {
			Messages []json.RawMessage
			Next     uint64
			Complete bool
		}
		if err := json.Unmarshal(raw, &p); err != nil {
			t.Fatal(name, err)
		}
		number := func(i int) (n uint64) {
			if i < 0 || i >= len(p.Messages) {
				return 0
			}
			_, _ = fmt.Sscan(strings.TrimLeft(strings.Trim(string(p.Messages[i]), `"`), "x0"), &n)
			return n
		}
		if len(p.Messages) != tt.messages || number(0) != tt.first || number(len(p.Messages)-1) != tt.last || p.Next != tt.next || p.Complete != tt.complete {
			t.Errorf("%s: %d messages from %d to %d, next %d, complete: %t", name, len(p.Messages), number(0), number(len(p.Messages)-1), p.Next, p.Complete)
		}
	}
}
