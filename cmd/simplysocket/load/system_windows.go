package load

import (
	"syscall"
	"time"
)

// cpuTime is the CPU time of the process, in user and system mode.
func cpuTime() time.Duration {
	process, err := syscall.GetCurrentProcess()
	if err != nil {
		return 0
	}
	var created, ended, kernel, user syscall.Filetime
	if err := syscall.GetProcessTimes(process, &created, &ended, &kernel, &user); err != nil {
		return 0
	}
	return sum(kernel) + sum(user)
}

// sum is a time that is counted in units of 100 nanoseconds.
func sum(t syscall.Filetime) time.Duration {
	return time.Duration(uint64(t.HighDateTime)<<32|uint64(t.LowDateTime)) * 100
}

// maxDescriptors is 0: there is no such limit.
func maxDescriptors() int { return 0 }
