package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
)

// memory is what the process holds after a collection, in bytes.
type memory struct {
	Heap  uint64 `json:"heap"`
	Stack uint64 `json:"stack"`
}

// control obeys the coordinator's commands, one per line, until there are no more.
func control(in io.Reader, out io.Writer) error {
	var profile *os.File
	lines := bufio.NewScanner(in)
	answers := json.NewEncoder(out)
	for lines.Scan() {
		verb, argument, _ := strings.Cut(lines.Text(), " ")
		var answer any = struct{}{}
		switch verb {
		case "gc":
			answer = collect()
		case "profile":
			var err error
			if profile, err = os.Create(argument); err != nil {
				return err
			}
			if err := pprof.StartCPUProfile(profile); err != nil {
				return err
			}
		case "stop":
			pprof.StopCPUProfile()
			if err := profile.Close(); err != nil {
				return err
			}
		default:
			return fmt.Errorf("unknown command %q", verb)
		}
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

// collect collects twice: the first collection runs finalizers and empties half of each
// sync.Pool, the second one the rest.
func collect() memory {
	runtime.GC()
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memory{Heap: m.HeapInuse, Stack: m.StackInuse}
}
