package ring_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/DhruvikDonga/simplysocket/internal/ring"
)

func contents(r *ring.Ring[int]) (all []int) {
	for i, v := range r.All() {
		if *r.At(i) != *v {
			panic("All and At differ")
		}
		all = append(all, *v)
	}
	return all
}

// TestAsASlice compares a ring with a slice over random operations.
func TestAsASlice(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var r ring.Ring[int]
	var want []int
	for step := range 20_000 {
		switch op := rng.IntN(10); {
		case op < 5-step/5000 || len(want) == 0:
			r.Push(step)
			want = append(want, step)
		case op < 9:
			if got := r.Pop(); got != want[0] {
				t.Fatalf("step %d: popped %d, want %d", step, got, want[0])
			}
			want = want[1:]
		default:
			i := rng.IntN(len(want))
			r.Remove(i)
			want = slices.Delete(slices.Clone(want), i, i+1)
		}
		if got := contents(&r); !slices.Equal(got, want) || r.Len() != len(want) {
			t.Fatalf("step %d: got %v, want %v", step, got, want)
		}
	}
}

func TestBackward(t *testing.T) {
	var r ring.Ring[int]
	for i := range 6 {
		r.Push(i)
	}
	r.Pop()
	var got []int
	for _, v := range r.Backward() {
		got = append(got, *v)
	}
	if want := []int{5, 4, 3, 2, 1}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOutOfRange(t *testing.T) {
	for name, f := range map[string]func(*ring.Ring[int]){
		"pop of nothing": func(r *ring.Ring[int]) { r.Pop() },
		"past the end":   func(r *ring.Ring[int]) { r.Push(1); r.At(1) },
		"negative":       func(r *ring.Ring[int]) { r.Push(1); r.At(-1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f(&ring.Ring[int]{})
		}()
	}
}

func TestNoAllocationsWhileBusy(t *testing.T) {
	var r ring.Ring[int]
	for i := range 10 {
		r.Push(i)
	}
	if n := testing.AllocsPerRun(1000, func() { r.Push(1); r.Pop() }); n != 0 {
		t.Errorf("%v allocations for a push and a pop", n)
	}
}
