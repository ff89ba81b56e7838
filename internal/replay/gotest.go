package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/format"
	"io"
	"strconv"
	"text/template"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/recording"
	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/internal/testroom"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// Test is a Go test that replays a recording.
type Test struct {
	Package   string   // of the test
	Name      string   // of the function, such as TestGameOfFriday
	Recording string   // path of the file from the folder of the test
	Setup     string   // the room's setup as an expression, such as game.Room
	Pattern   string   // that of the room, if it has wildcards
	Imports   []string // the packages that the setup needs
	Comment   string   // what the recording shows; it may be empty
}

var testTemplate = template.Must(template.New("test").Parse(`package {{.Package}}

import (
	"testing"

	{{range .Imports}}{{printf "%q" .}}
	{{end}}"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// {{.Name}} replays a recorded room.{{if .Comment}} {{.Comment}}{{end}}
func {{.Name}}(t *testing.T) {
	simplysockettest.Replay(t, {{printf "%q" .Recording}}, {{.Setup}}{{if .Pattern}}, simplysockettest.Pattern({{printf "%q" .Pattern}}){{end}})
}
`))

// Write writes the file of the test.
func (t *Test) Write(w io.Writer) error {
	var b bytes.Buffer
	if err := testTemplate.Execute(&b, t); err != nil {
		return err
	}
	source, err := format.Source(b.Bytes())
	if err != nil {
		return fmt.Errorf("what was given makes no Go file: %w", err)
	}
	_, err = w.Write(source)
	return err
}

// Script writes the entries of the first segment as calls of the test kit, for people to
// take a test from. What the kit cannot do is a comment.
func Script(w io.Writer, r io.Reader) error {
	reader := recording.NewReader(r)
	segment, err := reader.Next()
	if err != nil {
		return err
	}
	s := &script{w: w, names: map[string]string{}, away: map[string]bool{}}
	if segment.Opening != nil {
		s.now = segment.Opening.Config.Opened
		s.line("room := simplysockettest.Open(t, %q, setup)", segment.Room)
	} else {
		s.line("// The room was open before: %s.", segment.Why)
	}
	for {
		step, err := reader.Step()
		switch {
		case err == io.EOF: //nolint:errorlint // it is not wrapped
			return s.err
		case err != nil:
			return err
		}
		out, _, err := room.ReadOutput(step.Output)
		if err != nil {
			return err
		}
		s.step(&step.Entry, out)
	}
}

// script writes lines.
type script struct {
	w     io.Writer
	err   error
	now   time.Time
	names map[string]string // variables, by member
	away  map[string]bool
}

func (s *script) line(format string, args ...any) {
	if s.err == nil {
		_, s.err = fmt.Fprintf(s.w, format+"\n", args...)
	}
}

// name returns the variable of a client.
func (s *script) name(member string) (name string, known bool) {
	name, known = s.names[member]
	if !known {
		name = "c" + strconv.Itoa(len(s.names)+1)
		s.names[member] = name
	}
	return name, known
}

// step writes an entry.
func (s *script) step(e *room.Entry, out *room.Output) {
	if d := e.Time.Sub(s.now).Truncate(time.Millisecond); d > 0 {
		s.line("room.Advance(%d * time.Millisecond)", d.Milliseconds())
		s.now = s.now.Add(d)
	}
	body := "nil"
	if len(e.Body) > len("{}") {
		body = "json.RawMessage(" + literal(e.Body) + ")"
	}
	var refused protocol.Code
	if out.Reply.Err != nil {
		public, _ := room.Public(out.Reply.Err)
		refused = public.Code
	}
	switch e.Kind {
	case room.KindJoin:
		s.join(e, body, refused)
	case room.KindMessage:
		name, _ := s.name(e.Member)
		if refused != "" {
			s.line("%s.SendRefused(%q, %q, %s)", name, refused, e.Action, body)
		} else {
			s.line("%s.Send(%q, %s)", name, e.Action, body)
		}
	case room.KindDirect:
		name, _ := s.name(e.Member)
		to, _ := s.name(e.Target)
		s.line("_ = %s.TryDirect(%s, %q, %s)", name, to, e.Action, body)
	case room.KindServer:
		s.line("_ = room.Call(%q, %s, nil)", e.Action, body)
	case room.KindBroadcast:
		s.line("room.Broadcast(%q, %s)", e.Action, body)
	case room.KindLeave:
		if name, _ := s.name(e.Member); e.Reason == room.Dropped {
			s.line("// %s did not come back.", name)
		} else {
			s.line("%s.Leave()", name)
		}
	case room.KindDrop:
		name, _ := s.name(e.Member)
		s.away[e.Member] = true
		s.line("%s.Drop()", name)
	case room.KindResume:
		name, _ := s.name(e.Member)
		if s.away[e.Member] {
			s.line("%s.Resume()", name)
		} else {
			s.line("// %s came back before anybody knew that it was away.", name)
		}
		s.away[e.Member] = false
	case room.KindClose:
		s.line("room.Close()")
	case room.KindResult:
		if e.Failed != nil {
			s.line("room.Tasks()[0].Fail(errors.New(%q)) // task %d", e.Failed.Message, e.Number)
		} else {
			s.line("room.Tasks()[0].Finish(%s) // task %d", body, e.Number)
		}
	case room.KindTimer, room.KindIdle:
		s.line("// %s", testroom.Describe(e)) // it happens by itself
	case room.KindHistory, room.KindMembers, room.KindDuplicate, room.KindInfo, room.KindRestore, room.KindTold, room.KindConfirmed:
		s.line("// %s", testroom.Describe(e))
	}
}

func (s *script) join(e *room.Entry, body string, refused protocol.Code) {
	options := ""
	if body != "nil" {
		options += ", simplysockettest.Params(" + body + ")"
	}
	if id := e.Who.Identity; id != nil && id.User != "" {
		options += fmt.Sprintf(", simplysockettest.As(simplysocket.Identity{User: %q})", id.User)
	}
	if !e.Who.Resumable {
		options += ", simplysockettest.Plain()"
	}
	if refused != "" {
		s.line("room.JoinRefused(%q, %q%s)", refused, e.Member, options)
		return
	}
	if name, known := s.name(e.Member); known {
		s.line("room.Join(%q%s)", e.Member, options)
	} else {
		s.line("%s := room.Join(%q%s)", name, e.Member, options)
	}
}

// literal returns a Go literal of a JSON text.
func literal(body json.RawMessage) string {
	if bytes.ContainsRune(body, '`') {
		return strconv.Quote(string(body))
	}
	return "`" + string(body) + "`"
}
