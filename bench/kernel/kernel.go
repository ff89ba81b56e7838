//go:build linux

// Package kernel asks Linux what a process has used and where it may run.
package kernel

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// CPUTime is the time a process has used on all processors, to the nanosecond, including
// threads that have ended.
func CPUTime(pid int) (time.Duration, error) {
	// clock_getcpuclockid(3): the clock of another process is the complement of
	// its number, shifted, with the kind of clock below; 2 is the scheduler's.
	clock := ^int32(pid)<<3 | 2
	var ts unix.Timespec
	if err := unix.ClockGettime(clock, &ts); err != nil {
		return 0, fmt.Errorf("CPU time of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// Resident is the memory of a process that is in RAM, in bytes.
func Resident(pid int) (float64, error) {
	return field(fmt.Sprintf("/proc/%d/status", pid), "VmRSS")
}

// Slab is the memory that the kernel has allocated for its own objects, such as sockets,
// of all processes, in bytes.
func Slab() (float64, error) { return field("/proc/meminfo", "Slab") }

// field returns a line in kB of a file of procfs.
func field(path, name string) (float64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ":")
		if key != name {
			continue
		}
		kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		return kb * 1024, err
	}
	return 0, fmt.Errorf("%s: no %s: %w", path, name, lines.Err())
}

// Processors returns the numbers of the processors that the process may run on.
func Processors() (numbers []int) {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	for n := range 8 * int(unsafe.Sizeof(set)) {
		if set.IsSet(n) {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func keepThread(number int) error {
	var set unix.CPUSet
	set.Set(number)
	return unix.SchedSetaffinity(0, &set)
}

// OpenFiles lets the process, and those that it starts, open as many files as the system
// allows, and returns that number.
func OpenFiles() (int, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	return int(min(limit.Cur, 1<<30)), nil
}

// Processor is the name of the first processor.
func Processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// Release is the release of the running kernel.
func Release() string {
	var u unix.Utsname
	_ = unix.Uname(&u)
	return unix.ByteSliceToString(u.Release[:])
}

// StartOn starts a process that runs on one processor only, or on any if the number is
// negative. From the start, the Go runtime and others see that there are no more.
func StartOn(cmd *exec.Cmd, processor int) error {
	if processor < 0 {
		return cmd.Start()
	}
	// A process inherits this from the thread that starts it. The thread ends with the
	// goroutine, since it is not unlocked.
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := keepThread(processor); err != nil {
			started <- err
			return
		}
		started <- cmd.Start()
	}()
	return <-started
}
