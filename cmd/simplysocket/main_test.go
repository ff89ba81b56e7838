package main

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// patience is how long a test waits for something that must happen.
const patience = 20 * time.Second

// program is a run of the program inside the test.
type program struct {
	t              testing.TB
	stdin          *io.PipeWriter
	stdout, stderr *output
	stop           context.CancelFunc // what a signal does
	done           chan struct{}
	status         int
}

// start runs the program and ends it with the test.
func start(t testing.TB, args ...string) *program {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	in, stdin := io.Pipe()
	p := &program{t: t, stdin: stdin, stdout: newOutput(t), stderr: newOutput(t), stop: stop, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.status = run(ctx, args, streams{in: in, out: p.stdout, err: p.stderr})
	}()
	t.Cleanup(func() {
		stop()
		_ = stdin.Close()
		<-p.done
	})
	return p
}

// exit waits for the program's end and checks its status.
func (p *program) exit(status int) {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("the program does not end; it printed:\n%s%s", p.stdout, p.stderr)
	}
	if p.status != status {
		p.t.Fatalf("exit status %d, want %d; it printed:\n%s%s", p.status, status, p.stdout, p.stderr)
	}
}

// enter writes a line to the standard input.
func (p *program) enter(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, line+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

// receive waits for a value that must come.
func receive[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// output is what the program has written, line by line.
type output struct {
	t    testing.TB
	mu   sync.Mutex
	text strings.Builder
	read int // how far until has read
	grew chan struct{}
}

func newOutput(t testing.TB) *output { return &output{t: t, grew: make(chan struct{}, 1)} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.grew <- struct{}{}:
	default:
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// until waits for the next line that contains the text, and skips others.
func (o *output) until(text string) string {
	o.t.Helper()
	deadline := time.After(patience)
	for {
		all := o.String()
		for {
			line, _, whole := strings.Cut(all[o.read:], "\n")
			if !whole {
				break
			}
			o.read += len(line) + 1
			if strings.Contains(line, text) {
				return line
			}
		}
		select {
		case <-o.grew:
		case <-deadline:
			o.t.Fatalf("%q does not come; there is:\n%s", text, all)
		}
	}
}

// server is `simplysocket serve` on a free port.
type server struct {
	*program
	url, webSocket string
}

func serve(t testing.TB, args ...string) *server {
	t.Helper()
	p := start(t, append([]string{"serve", "--addr=127.0.0.1:0", "--log-format=json"}, args...)...)
	var record struct{ URL, WebSocket string }
	if err := json.Unmarshal([]byte(p.stderr.until(`"msg":"serving"`)), &record); err != nil {
		t.Fatal(err)
	}
	return &server{program: p, url: record.URL, webSocket: record.WebSocket}
}

// connect runs `simplysocket connect` in a pipe and waits until it is connected.
func connect(t testing.TB, url string, args ...string) *program {
	t.Helper()
	p := start(t, append([]string{"connect", url}, args...)...)
	p.stdout.until(`"action":"welcome"`)
	return p
}

func TestVersionAndHelp(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"--version", "simplysocket "},
		{"--help", "connect <url>"},
		{"serve --help", "$SIMPLYSOCKET_MAX_CLIENTS"},
		{"connect --help", "/help lists"},
		{"bench --help", "--p99=TIME"},
	} {
		p := start(t, strings.Fields(test.args)...)
		p.exit(0)
		if got := p.stdout.String(); !strings.Contains(got, test.want) {
			t.Errorf("%s: no %q in\n%s", test.args, test.want, got)
		}
		if got := p.stderr.String(); got != "" {
			t.Errorf("%s: stderr: %s", test.args, got)
		}
	}
}
