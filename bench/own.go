//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/bench/floor"
	"github.com/DhruvikDonga/simplysocket/bench/wire"
)

// own is the main function of the candidates that need no other module: SimplySocket and
// the floors.
func own(argument string) error {
	var c config
	if err := json.Unmarshal([]byte(argument), &c); err != nil {
		return err
	}
	var address string
	var err error
	failed := make(chan error, 1)
	switch c.Candidate {
	case "floor", "floor-bytes":
		address, err = serveFloor(&c, failed)
	default:
		address, err = serveRooms(&c, failed)
	}
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{"address": address}); err != nil {
		return err
	}
	go func() { failed <- obey() }()
	return <-failed
}

func serveFloor(c *config, failed chan<- error) (string, error) {
	var f *floor.Server
	var err error
	if c.Candidate == "floor" {
		f, err = floor.Whole()
	} else {
		f, err = floor.Bytes(c.Batch, c.Body)
	}
	if err != nil {
		return "", err
	}
	go func() { failed <- f.Serve() }()
	return f.Address()
}

// serveRooms is a server with default options.
func serveRooms(c *config, failed chan<- error) (string, error) {
	srv, err := simplysocket.New(&simplysocket.Options{
		Compression: c.Deflate,
		Logger:      slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return "", err
	}
	if c.Candidate != relayed {
		srv.HandleRoom("{name}", func(room *simplysocket.Room) error { return setUp(room, c) })
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := simplysocket.NewHTTPServer(srv)
	go func() {
		if c.Cert != "" {
			failed <- server.ServeTLS(listener, c.Cert, c.Key)
		} else {
			failed <- server.Serve(listener)
		}
	}()
	return listener.Addr().String(), nil
}

// setUp is the application: it decodes each message and broadcasts it.
func setUp(room *simplysocket.Room, c *config) error {
	room.SetFlushInterval(time.Duration(c.FlushMS) * time.Millisecond)
	simplysocket.On(room, wire.Say, func(m *simplysocket.Member, line wire.Line) error {
		return room.Broadcast(wire.Say, line, simplysocket.From(m))
	})
	inputs := 0
	simplysocket.On(room, wire.Input, func(*simplysocket.Member, wire.Line) error {
		inputs++
		return nil
	})
	if c.TickMS > 0 {
		tick, pad := 0, wire.Pad(c.Body)
		room.Every(time.Duration(c.TickMS)*time.Millisecond, func() error {
			tick++
			return room.Broadcast(wire.Say, wire.Line{N: fmt.Sprintf("%0*d", wire.Digits, tick-1), Pad: pad})
		})
	}
	return nil
}

// obey obeys the commands on standard input until its end.
func obey() error {
	answers := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		answer := memory{}
		word, file, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "gc":
			answer = collect()
		case "profile":
			f, err := os.Create(file)
			if err != nil {
				return err
			}
			if err := pprof.StartCPUProfile(f); err != nil {
				return err
			}
		case "stop":
			pprof.StopCPUProfile()
		default:
			return fmt.Errorf("unknown command %q", word)
		}
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}
	return errors.Join(lines.Err(), errEnd)
}

// errEnd is the end of standard input.
var errEnd = errors.New("end of input")

// memory is the memory that a process holds, in bytes.
type memory struct {
	Heap  float64 `json:"heap"`
	Stack float64 `json:"stack"`
}

// collect frees unused memory. Each collection at most halves a stack, and empties half
// of a pool.
func collect() memory {
	var m runtime.MemStats
	for range 2 {
		runtime.GC()
	}
	debug.FreeOSMemory()
	runtime.ReadMemStats(&m)
	return memory{float64(m.HeapInuse), float64(m.StackInuse)}
}
