package room_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

var update = flag.Bool("update", false, "rewrite the scripts and golden files in testdata")

// TestScripts runs the scripts in testdata. A script is a sequence of a command, a line
// of dashes, and the output of the command up to an empty line.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			after := runScript(t, string(before), false)
			switch {
			case *update:
				if err := os.WriteFile(file, []byte(after), 0o600); err != nil {
					t.Fatal(err)
				}
			case after != string(before):
				t.Errorf("the output differs; to update the file: go test ./internal/room -run Scripts -update\n%s", difference(string(before), after))
			}
		})
	}
}

// TestRestoredScripts runs the scripts with a room that is encoded, discarded and decoded
// before each entry, and with each entry encoded and decoded: the output stays the same.
func TestRestoredScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		script, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := runScript(t, string(script), true); got != string(script) {
			t.Errorf("%s: %s", file, difference(string(script), got))
		}
	}
}

// difference shows the first lines that differ.
func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d\n want %s\n got  %s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, then %d", len(a), len(b))
}

func runScript(t *testing.T, script string, restored bool) string {
	var b strings.Builder
	s := &stage{t: t, restored: restored}
	for block := range strings.SplitSeq(strings.TrimSpace(script), "\n\n") {
		command, _, ok := strings.Cut(block, "\n----")
		b.WriteString(command + "\n")
		if ok || !strings.HasPrefix(command, "#") {
			b.WriteString("----\n")
			s.run(&b, command[strings.LastIndexByte(command, '\n')+1:])
		}
		b.WriteByte('\n')
	}
	return strings.TrimSpace(b.String()) + "\n"
}

// stage runs the commands of a script.
type stage struct {
	t    *testing.T
	m    *room.Machine
	kind string
	now  time.Time
	pos  uint64

	restored bool // before each entry
	hear     func(*room.Output)
}

// run runs a command: its name, arguments of the form key=value, and JSON last.
func (s *stage) run(b *strings.Builder, command string) {
	line, body, _ := strings.Cut(command, " {")
	words := strings.Fields(line)
	e := room.Entry{Body: json.RawMessage("{}")}
	if body != "" {
		e.Body = json.RawMessage("{" + body)
	}
	args := map[string]string{}
	var plain []string
	for _, word := range words[1:] {
		if key, value, ok := strings.Cut(word, "="); ok {
			args[key] = value
		} else {
			plain = append(plain, word)
		}
	}
	number := func(key string) uint64 {
		n, err := strconv.ParseUint(args[key], 10, 64)
		if err != nil && args[key] != "" {
			s.t.Fatalf("%s: %v", command, err)
		}
		return n
	}
	arg := func(i int) string {
		if i < len(plain) {
			return plain[i]
		}
		return ""
	}
	e.Member, e.ID, e.Conn = arg(0), number("id"), number("conn")
	switch words[0] {
	case "open":
		s.kind, s.now = arg(0), began
		var out *room.Output
		cfg := config(s.kind)
		for key, into := range map[string]*int{"announce": &cfg.AnnounceMaxMembers, "deliveries": &cfg.DeliveriesPerSecond} {
			if args[key] != "" {
				*into = int(number(key))
			}
		}
		s.m, out = open(cfg, &app{kind: s.kind})
		describe(b, out)
		return
	case "advance":
		d, err := time.ParseDuration(arg(0))
		if err != nil {
			s.t.Fatal(err)
		}
		s.advance(b, s.now.Add(d))
		return
	case "sleep":
		d, err := time.ParseDuration(arg(0))
		if err != nil {
			s.t.Fatal(err)
		}
		s.now = s.now.Add(d)
		return
	case "info":
		info, changed := s.m.Info()
		fmt.Fprintf(b, "changed: %t\n", changed)
		if changed {
			fmt.Fprintf(b, "%+v %s\n", *info, info.Properties)
		}
		return
	case "restore":
		s.restore()
		return
	case "crash":
		down, err := time.ParseDuration(arg(0))
		if err != nil {
			s.t.Fatal(err)
		}
		s.restore()
		s.now = s.now.Add(down)
		s.apply(b, &room.Entry{Kind: room.KindRestore, Number: uint64(down)})
		return
	case "join":
		e.Kind, e.Who = room.KindJoin, s.who(args)
		for _, word := range plain[1:] {
			e.Flags |= map[string]room.Flags{"away": room.FlagAway, "create": room.FlagCreate, "existing": room.FlagExisting, "connect": room.FlagConnect}[word]
		}
	case "resume":
		e.Kind, e.Who = room.KindResume, s.who(args)
		epoch, seq, _ := strings.Cut(args["seen"], "/")
		e.Seen.Epoch, _ = strconv.ParseUint(epoch, 10, 64)
		e.Seen.Seq, _ = strconv.ParseUint(seq, 10, 64)
	case "leave":
		e.Kind = room.KindLeave
		if args["reason"] == "dropped" {
			e.Reason = room.Dropped
		}
	case "drop":
		e.Kind = room.KindDrop
	case "message":
		e.Kind, e.Action = room.KindMessage, arg(1)
	case "direct":
		e.Kind, e.Target, e.Action = room.KindDirect, arg(1), arg(2)
	case "members":
		e.Kind = room.KindMembers
	case "history":
		e.Kind = room.KindHistory
	case "duplicate":
		e.Kind, e.Action = room.KindDuplicate, arg(1)
	case "set-info":
		e.Kind = room.KindInfo
	case "server":
		e.Kind, e.Member, e.Action = room.KindServer, "", arg(0)
	case "broadcast":
		e.Kind, e.Member, e.Action, e.Send = room.KindBroadcast, "", arg(0), &room.Send{Except: plain[1:], From: args["from"]}
	case "timer":
		e.Kind, e.Member, e.Number = room.KindTimer, "", number("number")
	case "result":
		e.Kind, e.Member, e.Number = room.KindResult, "", number("number")
		if args["failed"] != "" {
			e.Failed = &room.Failure{Message: args["failed"]}
		}
	case "close":
		e.Kind, e.Member = room.KindClose, ""
		if arg(0) == "shutdown" {
			e.Flags = room.FlagShutdown
		}
	default:
		s.t.Fatalf("no command %q", words[0])
	}
	s.apply(b, &e)
}

func (s *stage) who(args map[string]string) *room.Arrival {
	who := &room.Arrival{Resumable: args["plain"] == "", Network: args["network"]}
	who.Attempts, _ = strconv.Atoi(args["attempts"])
	if args["info"] != "" {
		who.Info = encode(map[string]string{"name": args["info"]})
	}
	if args["user"] != "" {
		who.Identity = &room.Identity{User: args["user"]}
	}
	return who
}

func (s *stage) restore() {
	again, err := room.Restore(snapshot(s.m), &app{kind: s.kind})
	if err != nil {
		s.t.Fatal(err)
	}
	s.m = again
}

func (s *stage) apply(b *strings.Builder, e *room.Entry) {
	s.pos++
	e.Pos, e.Time = s.pos, s.now
	if s.restored {
		s.restore()
		decoded, rest, err := room.ReadEntry(room.AppendEntry(nil, e))
		if err != nil || len(rest) > 0 {
			s.t.Fatal(err)
		}
		e = &decoded
	}
	out := apply(s.m, e)
	if s.hear != nil {
		s.hear(out)
	}
	describe(b, out)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// advance moves the time forward and applies the alarms that come due on the way.
func (s *stage) advance(b *strings.Builder, until time.Time) {
	for {
		due, ok := s.m.NextAlarm()
		idle, empty := s.m.IdleAt()
		switch {
		case empty && (!ok || idle.Before(due)) && !idle.After(until):
			s.now = later(s.now, idle)
			fmt.Fprintf(b, "@%v\n", s.now.Sub(began))
			s.apply(b, &room.Entry{Kind: room.KindIdle})
		case ok && !due.After(until):
			s.now = later(s.now, due)
			number, _ := s.m.Due(s.now)
			fmt.Fprintf(b, "@%v\n", s.now.Sub(began))
			s.apply(b, &room.Entry{Kind: room.KindTimer, Number: number})
		default:
			s.now = until
			return
		}
	}
}
