package speed

import (
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is what the process has used of all processors, as the kernel accounts
// it.
func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// usage is what the process took to do something.
type usage struct {
	cpu     time.Duration
	mallocs float64
	bytes   float64 // allocated
}

func measure(run func()) usage {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := cpuTime()
	run()
	cpu := cpuTime() - start
	runtime.ReadMemStats(&after)
	return usage{cpu, float64(after.Mallocs - before.Mallocs), float64(after.TotalAlloc - before.TotalAlloc)}
}

// processors are the numbers of those that the process may run on.
func processors() (numbers []int) {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	for n := range 64 * len(set) {
		if set.IsSet(n) {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// keepTo has all threads of the process run on the given processors only, and
// reports whether that is allowed. Threads that start later inherit it.
func keepTo(numbers ...int) bool {
	var set unix.CPUSet
	for _, n := range numbers {
		set.Set(n)
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return false
	}
	for _, thread := range threads {
		id, _ := strconv.Atoi(thread.Name())
		if err := unix.SchedSetaffinity(id, &set); err != nil && err != unix.ESRCH {
			return false
		}
	}
	return true
}

// pin gives the benchmark's process and its generator a processor each, where
// there are two, and returns the generator's, or "".
func pin(b *testing.B) (generator string) {
	all := processors()
	if len(all) < 2 || !keepTo(all[0]) {
		return ""
	}
	before := runtime.GOMAXPROCS(1)
	b.Cleanup(func() {
		keepTo(all...)
		runtime.GOMAXPROCS(before)
	})
	return strconv.Itoa(all[1])
}

// needFiles skips the test unless the process may open so many files.
func needFiles(tb testing.TB, files uint64) {
	tb.Helper()
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	if err == nil && limit.Cur < min(files, limit.Max) {
		limit.Cur = limit.Max
		err = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	}
	if err != nil || limit.Cur < files {
		tb.Skipf("%d open files are allowed and %d needed: %v", limit.Cur, files, err)
	}
}
