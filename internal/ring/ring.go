// Package ring is a queue in a circular buffer.
package ring

import "iter"

// Ring is a first-in, first-out queue. The zero value is empty and owns no memory. A ring
// starts with a place for one item, since most rings of an idle client never hold more. It
// shrinks with what is in it, but keeps places for up to four items: assign the zero value
// to give them back. It is not safe for concurrent use.
type Ring[T any] struct {
	items []T   // of a length that is a power of two
	head  int32 // a ring has no 2^31 items
	n     int32
}

// kept is the capacity below which a ring does not shrink.
const kept = 4

// Len is the number of items.
func (r *Ring[T]) Len() int { return int(r.n) }

// At returns the item at position i, counted from the oldest. It panics if there is no
// such item. The pointer is valid until the ring changes.
func (r *Ring[T]) At(i int) *T {
	if i < 0 || i >= r.Len() {
		panic("ring: position out of range")
	}
	return &r.items[(int(r.head)+i)&(len(r.items)-1)]
}

// Push appends an item.
func (r *Ring[T]) Push(item T) {
	if r.Len() == len(r.items) {
		r.resize(max(1, 2*len(r.items)))
	}
	r.n++
	*r.At(r.Len() - 1) = item
}

// Pop removes the oldest item and returns it. It panics if the ring is empty.
func (r *Ring[T]) Pop() T {
	var none T
	oldest := r.At(0)
	item := *oldest
	*oldest = none
	r.head = (r.head + 1) & int32(len(r.items)-1) //nolint:gosec // see Ring
	r.n--
	r.shrink()
	return item
}

// Remove takes the item at position i out. It moves all newer items, so it suits short
// rings and items near the end.
func (r *Ring[T]) Remove(i int) {
	var none T
	for ; i < r.Len()-1; i++ {
		*r.At(i) = *r.At(i + 1)
	}
	*r.At(i) = none
	r.n--
	r.shrink()
}

func (r *Ring[T]) shrink() {
	if r.Len() <= len(r.items)/4 && len(r.items) > kept {
		r.resize(len(r.items) / 2)
	}
}

func (r *Ring[T]) resize(capacity int) {
	items := make([]T, capacity)
	for i := range r.Len() {
		items[i] = *r.At(i)
	}
	r.items, r.head = items, 0
}

// All iterates over the positions and items, oldest first.
func (r *Ring[T]) All() iter.Seq2[int, *T] {
	return func(yield func(int, *T) bool) {
		for i := 0; i < r.Len(); i++ {
			if !yield(i, r.At(i)) {
				return
			}
		}
	}
}

// Backward iterates over the positions and items, newest first.
func (r *Ring[T]) Backward() iter.Seq2[int, *T] {
	return func(yield func(int, *T) bool) {
		for i := r.Len() - 1; i >= 0; i-- {
			if !yield(i, r.At(i)) {
				return
			}
		}
	}
}
