package simplysockettest

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/token"
	"reflect"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// line is a step as a line of a test.
type line struct {
	client  string // whose method it is; "": none
	other   string // its argument
	joins   string // the client that joins
	text    string
	try     string // the same for what may be refused
	refused string // why it was
	ignore  bool   // it returns an error
}

// report tells the test what was found, by the fewest steps.
func (e *explorer) report(seed uint64, n int, found *run) {
	e.t.Helper()
	least, tries, always := found, 0, true
	if found.ended { // otherwise each try would fail the test once more
		least, tries, always = e.shrink(found)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "room %q: %s\n\n", e.name, least.finding.text)
	fmt.Fprintf(&b, "Run %d of seed %d has found this after %d steps. ", n, seed, len(found.steps))
	switch {
	case tries > 0:
		fmt.Fprintf(&b, "%d tries have left %d of them.\n", tries, len(least.steps))
		if !always {
			b.WriteString("They do not lead to it each time: " + notDetermined)
		}
	case found.ended:
		b.WriteString("The same steps do not lead to it again: " + notDetermined)
	default:
		b.WriteString("They are not shrunk.\n")
	}
	fmt.Fprintf(&b, "Again: go test -run '%s' -explore.seed=%d -explore.run=%d\n\n", pattern(e.t.Name()), seed, n)
	b.WriteString(e.code(least))
	for _, c := range least.room.clients {
		b.WriteString(c.received())
	}
	e.t.Errorf("%s", b.String())
}

const notDetermined = "the room uses the time of the system, its own randomness, the order of a map, or something that other rooms change.\n"

// pattern matches the test of that name alone.
func pattern(test string) string {
	parts := strings.Split(test, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}

// code writes a run as a test.
func (e *explorer) code(r *run) string {
	var b strings.Builder
	variable := "room := "
	if len(r.lines) == 0 {
		variable = "" // it must be used
	}
	fmt.Fprintf(&b, "func TestAgain(t *testing.T) {\n\t%ssimplysockettest.%s\n", variable, e.opening(r))
	declared := map[string]bool{}
	for i := range r.lines {
		l := &r.lines[i]
		last := i == len(r.lines)-1
		if strings.HasPrefix(l.refused, "internal: ") { // only what insists fails with it
			l.try = ""
		}
		switch {
		case l.joins != "" && l.try != "" && (l.refused != "" || last):
			fmt.Fprintf(&b, "\t_, _ = %s%s\n", l.try, refusal(l))
		case l.joins != "" && !declared[l.joins] && r.names(l.joins, i+1):
			declared[l.joins] = true
			fmt.Fprintf(&b, "\t%s := %s\n", identifier(l.joins), l.text)
		case l.joins != "":
			fmt.Fprintf(&b, "\t%s%s\n", l.text, refusal(l))
		case l.try != "" && (l.refused != "" || last):
			fmt.Fprintf(&b, "\t_ = %s%s%s\n", receiver(l), l.try, refusal(l))
		case l.ignore:
			fmt.Fprintf(&b, "\t_ = %s%s\n", receiver(l), l.text)
		default:
			fmt.Fprintf(&b, "\t%s%s%s\n", receiver(l), l.text, refusal(l))
		}
	}
	fmt.Fprintf(&b, "\t// %s\n}\n", strings.ReplaceAll(firstLine(r.finding.text), "\n", "\n\t// "))
	return b.String()
}

// firstLine returns the first line of a text.
func firstLine(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return first
}

// names reports whether a line from there on names a client.
func (r *run) names(client string, from int) bool {
	return slices.ContainsFunc(r.lines[from:], func(l line) bool { return l.client == client || l.other == client })
}

func receiver(l *line) string {
	if l.client == "" {
		return ""
	}
	return identifier(l.client) + "."
}

func refusal(l *line) string {
	if l.refused == "" {
		return ""
	}
	return " // refused: " + firstLine(l.refused)
}

// opening is the call that opens the room.
func (e *explorer) opening(r *run) string {
	args := []string{"t", strconv.Quote(e.name), e.setup}
	if e.open == "OpenOn" {
		args = []string{"t", "srv", strconv.Quote(e.name)}
	}
	if e.options.pattern != "" {
		args = append(args, fmt.Sprintf("simplysockettest.Pattern(%q)", e.options.pattern))
	}
	if e.options.server != nil {
		args = append(args, "simplysockettest.ServerOptions(options)")
	}
	if e.options.seed != apply(nil).seed {
		args = append(args, fmt.Sprintf("simplysockettest.Seed(%d)", e.options.seed))
	}
	if r.room.twin != nil {
		args = append(args, "simplysockettest.Forgetful()")
		var states []string
		for _, name := range e.options.kept {
			states = append(states, strconv.Quote(name))
		}
		if states != nil {
			args = append(args, "simplysockettest.KeptOnError("+strings.Join(states, ", ")+")")
		}
	}
	return e.open + "(" + strings.Join(args, ", ") + ")"
}

// nameOf is how a test names a function, if it has a name.
func nameOf(f any) string {
	full := runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()
	name := full[strings.LastIndexByte(full, '/')+1:]
	if strings.Count(name, ".") != 1 || strings.ContainsAny(name, "()-") {
		return "setup"
	}
	_, local, _ := strings.Cut(name, ".")
	if strings.Contains(name, "_test.") || !token.IsExported(local) {
		return local // only a test of its own package can name it
	}
	return name
}

// identifier is the variable of a client.
func identifier(client string) string {
	return strings.Map(func(c rune) rune {
		if c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			return c
		}
		return -1
	}, client)
}

func bodyCode(body json.RawMessage) string {
	switch {
	case len(body) == 0 || string(body) == "{}":
		return "nil"
	case strings.ContainsAny(string(body), "`\r"):
		return "json.RawMessage(" + strconv.Quote(string(body)) + ")"
	default:
		return "json.RawMessage(`" + string(body) + "`)"
	}
}

func identityCode(i *simplysocket.Identity) string {
	if len(i.Claims) == 0 {
		return fmt.Sprintf("simplysocket.Identity{User: %q}", i.User)
	}
	return fmt.Sprintf("simplysocket.Identity{User: %q, Claims: %#v}", i.User, i.Claims)
}

func durationCode(d time.Duration) string {
	for _, unit := range []struct {
		d    time.Duration
		name string
	}{{time.Hour, "time.Hour"}, {time.Minute, "time.Minute"}, {time.Second, "time.Second"}, {time.Millisecond, "time.Millisecond"}} {
		switch {
		case d == unit.d:
			return unit.name
		case d%unit.d == 0:
			return fmt.Sprintf("%d * %s", d/unit.d, unit.name)
		}
	}
	return fmt.Sprintf("%d * time.Nanosecond", d)
}

func stack() []byte { return debug.Stack() }

// siteOf says where a panic was: the first line of code below it that is neither the
// runtime's nor the library's.
func siteOf(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	begin := 0
	for i, l := range lines {
		if strings.HasPrefix(l, "panic(") {
			begin = i + 2
		}
	}
	for i := begin; i+1 < len(lines); i++ {
		at, isPlace := strings.CutPrefix(lines[i+1], "\t")
		if !isPlace || strings.HasPrefix(lines[i], "runtime.") || strings.HasPrefix(lines[i], library) {
			continue
		}
		at, _, _ = strings.Cut(at, " +0x")
		return at[strings.LastIndexByte(at, '/')+1:]
	}
	return "an unknown place"
}

// library begins the functions of the package simplysocket in a stack.
const library = "github.com/DhruvikDonga/simplysocket."

// withSite is an error with the place of its panic.
func withSite(err error) error {
	var p *room.Panic
	if errors.As(err, &p) {
		return fmt.Errorf("panic: %s at %s", p.Text, siteOf(p.Stack))
	}
	return err
}

var namesAndNumbers = regexp.MustCompile(`(of|by|to) \S+|[0-9]+`)

// withoutNames leaves out of a text what differs between two findings of one kind.
func withoutNames(text string) string { return namesAndNumbers.ReplaceAllString(firstLine(text), "") }
