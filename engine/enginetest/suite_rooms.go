package enginetest

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// testRooms: Rooms yields each room that is stored once, in the log of its partition.
func testRooms(c *check) {
	n := c.open()
	var all []*account
	for i := range 50 {
		a := &account{room: fmt.Sprint("room/", i)}
		all = append(all, a)
		switch i % 5 {
		case 0:
			c.write(n, a, replaceOp("s"))
		case 1:
			c.write(n, a, appendOp("1"), deleteOp())
		case 2:
			c.write(n, a, records(0, 5)...)
		case 3:
			c.write(n, a, deleteOp(), appendOp("1"), replaceOp("s", "t"), appendOp("2"))
		}
	}
	c.verifyAll(n, all)
	for range 2 { // to stop early leaves nothing behind
		ctx, cancel := c.context()
		begin(c, c.log(n, all[0].room).Rooms(ctx))
		cancel()
	}
	c.write(n, all[0], deleteOp())
	c.verifyAll(n, all)
}

// verifyAll compares all rooms with their accounts, which there are of every room.
func (c *check) verifyAll(n *node, all []*account) {
	c.Helper()
	want, got := []string{}, []string{}
	seen := map[int]bool{}
	for _, a := range all {
		c.verify(n, a)
		if len(a.sure) > 0 {
			want = append(want, a.room)
		}
		if p := n.engine.Partition(a.room); !seen[p] {
			seen[p] = true
			for _, name := range c.names(n, a.room) {
				if n.engine.Partition(name) != p {
					c.Errorf("Rooms of partition %d yields %s, which belongs to %d", p, brief([]byte(name)), n.engine.Partition(name))
				}
				got = append(got, name)
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		c.Errorf("Rooms yields\n\t%q\nwant\n\t%q", got, want)
	}
}

// testNames: any bytes are a name, and no name is another.
func testNames(c *check) {
	names := []string{
		"a", "A", "aa", "a/", "a/b", "a//b", "/a", "a\x00", "a\x00b", "a\xff", "a.b", "a:b", "a b", "..", ".", "/",
		"*", ">", "a.*", "a.>", "%2F", "%", "\\", "$", "~", "\r\n", "é", "e\u0301", "漢字", "\xc3\x28", "\xff\xfe\xfd",
		strings.Repeat("x", 120), strings.Repeat("x", 127), strings.Repeat("x", 128), strings.Repeat("\x00", 128), strings.Repeat("\xff", 128),
	}
	for b := range 256 {
		if name := string([]byte{byte(b)}); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	n := c.open()
	var all []*account
	for i, name := range names {
		a := &account{room: name}
		all = append(all, a)
		c.write(n, a, replaceOp(fmt.Sprint("snapshot of ", i)), appendOp(fmt.Sprint(i)))
	}
	c.verifyAll(n, all)
	for i := range all {
		if i%3 == 0 {
			c.write(n, all[i], deleteOp())
		}
	}
	c.verifyAll(n, all)
	c.close(n)
	c.verifyAll(c.open(), all)
}

// worker is a test's goroutine beside the first.
type worker struct{ testing.TB }

func (w worker) FailNow() {
	w.Fail()
	runtime.Goexit()
}

func (w worker) Fatal(args ...any) {
	w.Helper()
	w.Error(args...)
	runtime.Goexit()
}

func (w worker) Fatalf(format string, args ...any) {
	w.Helper()
	w.Errorf(format, args...)
	runtime.Goexit()
}

// parallel runs something on n goroutines.
func (c *check) parallel(n int, run func(c *check, i int)) {
	c.Helper()
	var all sync.WaitGroup
	for i := range n {
		w := *c
		w.TB, w.rng = worker{c.TB}, rand.New(rand.NewPCG(c.rng.Uint64(), 0))
		all.Go(func() { run(&w, i) })
	}
	all.Wait()
	if c.Failed() {
		c.FailNow()
	}
}

// testConcurrency: 100 rooms at a time.
func testConcurrency(c *check) {
	n := c.open()
	all := make([]*account, 100)
	for i := range all {
		all[i] = &account{room: fmt.Sprint("room/", i)}
	}
	c.parallel(len(all), func(c *check, i int) {
		for range times(10) {
			c.write(n, all[i], all[i].makeUp(c.rng, 1+c.rng.IntN(10))...)
			if c.rng.IntN(4) == 0 {
				c.verify(n, all[i])
				c.names(n, all[i].room)
			}
		}
	})
	c.verifyAll(n, all)
}
