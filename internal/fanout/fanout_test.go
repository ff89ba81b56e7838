package fanout_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/fanout"
	"github.com/DhruvikDonga/simplysocket/internal/leak"
	"github.com/DhruvikDonga/simplysocket/internal/pipe"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
)

func TestMain(m *testing.M) { leak.Main(m) }

// owner records its calls.
type owner struct {
	mu       sync.Mutex
	overflow int
	dropped  int
}

func (o *owner) Member() string { return "me" }

func (o *owner) Overflow() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.overflow++
}

func (o *owner) Dropped(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dropped += n
}

func (o *owner) told() (overflow, dropped int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.overflow, o.dropped
}

// peer is a connection: the server's end with its outlet, and the client's end with what
// it has received.
type peer struct {
	owner
	t      testing.TB
	server *socket.Conn
	client *socket.Conn
	out    *fanout.Outlet
	port   *fanout.Subscriber

	counts bool // and keeps nothing
	count  int
	got    []string
	done   chan struct{}
	end    *socket.CloseError
}

func (p *peer) Message(b []byte) {
	if p.count++; !p.counts {
		p.got = append(p.got, string(b))
	}
}
func (p *peer) Ping(b []byte) { p.got = append(p.got, "ping "+string(b)) }
func (p *peer) Pong()         { p.got = append(p.got, "pong") }

// read reads until the server closes, and returns the messages.
func (p *peer) read() []string {
	if p.done == nil {
		p.start()
	}
	<-p.done
	return p.got
}

func (p *peer) start() {
	p.done = make(chan struct{})
	go func() {
		defer close(p.done)
		err := p.client.Read(p)
		p.end = &socket.CloseError{Code: 1006}
		errors.As(err, &p.end)
	}()
}

// hub makes connections.
type hub struct {
	t       testing.TB
	dial    func(context.Context, string, string) (net.Conn, error)
	conns   chan *socket.Conn
	writers *fanout.Writers
}

func newHub(t testing.TB, compression bool, limits *fanout.Limits) *hub {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", listener.Addr().String())
	}
	return serveHub(t, listener, dial, compression, limits)
}

// newPipeHub makes connections without buffers: what was not read was not written.
func newPipeHub(t testing.TB, limits *fanout.Limits) *hub {
	listener := pipe.Listen()
	return serveHub(t, listener, listener.Dial, false, limits)
}

func serveHub(t testing.TB, listener net.Listener, dial func(context.Context, string, string) (net.Conn, error), compression bool, limits *fanout.Limits) *hub {
	h := &hub{t: t, dial: dial, conns: make(chan *socket.Conn), writers: fanout.NewWriters(*limits)}
	t.Cleanup(h.writers.Close)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := socket.Upgrade(w, r, socket.UpgradeOptions{ReadLimit: 1 << 20, Compression: compression})
		if err != nil {
			t.Error(err)
		}
		h.conns <- conn
	}))
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return h
}

func (h *hub) peer(compression bool) *peer {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	dialled := make(chan *socket.Conn, 1)
	go func() {
		client, err := socket.Dial(ctx, "ws://hub/", socket.DialOptions{ReadLimit: 1 << 20, Compression: compression, NetDial: h.dial})
		if err != nil {
			h.t.Error(err)
		}
		dialled <- client
	}()
	p := &peer{t: h.t, server: <-h.conns}
	p.client = <-dialled
	p.outlet(nil, h.writers)
	h.t.Cleanup(func() {
		_ = p.server.CloseNow()
		_ = p.client.CloseNow()
		if p.done != nil {
			<-p.done
		}
	})
	return p
}

func (p *peer) outlet(response []byte, writers *fanout.Writers) {
	p.out = fanout.NewOutlet(p.server, response, p, writers)
	p.port = &fanout.Subscriber{Outlet: p.out}
}

func frame(text string) *fanout.Frame {
	return fanout.NewFrame([]byte(text))
}

var roomy = &fanout.Limits{Frames: 1000, Bytes: 1 << 20, Grace: 5 * time.Second}

// stream makes readable gaps.
type stream string

func (s stream) Gap(member string, first, last uint64) *fanout.Frame {
	return frame(fmt.Sprintf("gap of %s for %s: %d-%d", s, member, first, last))
}

func item(kind fanout.Kind, text string, ports ...*fanout.Subscriber) fanout.Item {
	it := fanout.Item{Kind: kind, Subscribers: ports}
	if text != "" {
		it.Frame = frame(text)
	}
	return it
}

func TestGroup(t *testing.T) {
	for _, compression := range []bool{false, true} {
		h := newHub(t, compression, roomy)
		long := strings.Repeat("long enough to be worth compressing ", 20)
		a, b, c, d := h.peer(true), h.peer(false), h.peer(true), h.peer(false)
		peers := []*peer{a, b, c, d}
		for _, p := range peers {
			p.out.Open(nil)
		}
		var g fanout.Group
		deliveries := g.Write([]fanout.Item{
			item(fanout.All, "nobody is here"),
			item(fanout.Enter, "", a.port),
			item(fanout.Enter, "", b.port),
			item(fanout.All, "1"),
			item(fanout.Only, ""), // a slot that gets nothing
		})
		deliveries += g.Write([]fanout.Item{item(fanout.Enter, "", c.port), item(fanout.All, "2"+long)})
		deliveries += g.Write([]fanout.Item{
			item(fanout.All, "3"),
			item(fanout.Except, "4", b.port),
			item(fanout.Only, "5"+long, c.port, d.port), // d is no member
			item(fanout.All, "6"),
			item(fanout.Exit, "", c.port),
			item(fanout.All, "7"),
			item(fanout.Except, "8", c.port), // which has left already
		})
		deliveries += g.Write([]fanout.Item{item(fanout.All, "9"), item(fanout.All, "10")})
		if g.Len() != 2 {
			t.Errorf("%d members", g.Len())
		}
		g.Write([]fanout.Item{item(fanout.Exit, "", a.port), item(fanout.Exit, "", a.port), item(fanout.Exit, "", b.port)})
		if g.Len() != 0 {
			t.Errorf("%d members after all left", g.Len())
		}
		want := [][]string{
			{"1", "2" + long, "3", "4", "6", "7", "8", "9", "10"},
			{"1", "2" + long, "3", "6", "7", "8", "9", "10"},
			{"2" + long, "3", "4", "5" + long, "6"},
			{"5" + long},
		}
		total := 0
		for i, p := range peers {
			p.out.Close(1000, "")
			if got := p.read(); fmt.Sprint(got) != fmt.Sprint(want[i]) {
				t.Errorf("compression %v: peer %d got %q, want %q", compression, i, got, want[i])
			}
			total += len(want[i])
		}
		if deliveries != total {
			t.Errorf("counted %d deliveries, want %d", deliveries, total)
		}
	}
}

func TestOutletKeepsWhatComesBeforeOpen(t *testing.T) {
	p := newHub(t, false, roomy).peer(false)
	p.out.Send(frame("second"))
	p.out.Pong([]byte("x"))
	p.out.Open(frame("first"))
	p.out.Flush()
	p.out.Send(frame("third"))
	p.out.Close(4003, "enough")
	p.out.Send(frame("too late"))
	p.out.Ping()
	p.out.Close(1000, "")
	got := strings.Join(p.read(), ", ")
	if got != "first, second, pong, third" || p.end.Code != 4003 || p.end.Reason != "enough" {
		t.Errorf("got %s, then %v", got, p.end)
	}
}

func TestResponseComesFirst(t *testing.T) {
	for name, h := range map[string]*hub{"tcp": newHub(t, false, roomy), "pipe": newPipeHub(t, roomy)} {
		p := h.peer(false)
		p.outlet(socket.Text([]byte("response")), h.writers)
		p.out.Send(frame("second"))
		p.out.Open(frame("first"))
		p.out.Close(1000, "")
		if got := strings.Join(p.read(), ", "); got != "response, first, second" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestHangupForgetsWhatWaits(t *testing.T) {
	p := newHub(t, false, roomy).peer(false)
	p.out.Send(frame("waits"))
	p.out.CloseDiscarding(1001, "")
	p.out.Open(frame("first"))
	if got := p.read(); p.end.Code != 1001 || strings.Join(got, ",") != "first" {
		t.Errorf("got %q, then %v", got, p.end)
	}
}

// stuff fills the socket of a peer that does not read, until frames begin to wait, and
// returns how many were accepted.
func (p *peer) stuff(g *fanout.Group, f func(i int) *fanout.Frame) int {
	for i := 0; ; i++ {
		g.Write([]fanout.Item{{Kind: fanout.All, Frame: f(i)}})
		if p.out.Stalled(); p.out.Stalled() {
			return i + 1
		}
	}
}

// numbered makes the frames of a stream: 64 KiB each, so that few fill a socket.
func numbered(policy fanout.Policy) func(i int) *fanout.Frame {
	return func(i int) *fanout.Frame {
		f := frame(fmt.Sprintf("%d %s", i, strings.Repeat("x", 64<<10)))
		f.Stream, f.Seq, f.Policy = stream("room"), uint64(i), policy
		return f
	}
}

// numbers shortens what a peer got to the numbers and gaps.
func numbers(got []string) []string {
	var short []string
	for _, s := range got {
		if strings.HasPrefix(s, "gap") {
			short = append(short, s)
			continue
		}
		n, _, _ := strings.Cut(s, " ")
		short = append(short, n)
	}
	return short
}

func TestOverflow(t *testing.T) {
	t.Run("tcp", func(t *testing.T) {
		testOverflow(t, func(t *testing.T, l *fanout.Limits) *hub { return newHub(t, false, l) })
	})
	t.Run("pipe", func(t *testing.T) {
		testOverflow(t, func(t *testing.T, l *fanout.Limits) *hub { return newPipeHub(t, l) })
	})
}

func testOverflow(t *testing.T, connect func(*testing.T, *fanout.Limits) *hub) {
	limits := &fanout.Limits{Frames: 4, Bytes: 1 << 20, Grace: 5 * time.Second}
	open := func(t *testing.T) (*peer, *fanout.Group) {
		p := connect(t, limits).peer(false)
		p.out.Open(nil)
		g := &fanout.Group{}
		g.Write([]fanout.Item{item(fanout.Enter, "", p.port)})
		return p, g
	}
	// flood sends n more frames and returns the number of the last.
	flood := func(g *fanout.Group, f func(int) *fanout.Frame, from, n int) int {
		for i := range n {
			g.Write([]fanout.Item{{Kind: fanout.All, Frame: f(from + i)}})
		}
		return from + n - 1
	}
	// inOrder checks that every number appears once, or in exactly one gap, and that each
	// run of lost frames is one gap.
	inOrder := func(t *testing.T, got []string, last int) (gaps int) {
		t.Helper()
		next, inGap := 0, false
		for _, s := range numbers(got) {
			var first, end int
			if n, _ := fmt.Sscanf(s, "gap of room for me: %d-%d", &first, &end); n == 2 {
				if gaps++; inGap {
					t.Errorf("two gaps in a row: %q", numbers(got))
				}
				inGap = true
			} else if _, err := fmt.Sscan(s, &first); err == nil {
				end, inGap = first, false
			}
			if first != next {
				t.Fatalf("%q, want %d: %q", s, next, numbers(got))
			}
			next = end + 1
		}
		if next != last+1 {
			t.Errorf("it ends with %d, want %d", next-1, last)
		}
		return gaps
	}

	t.Run("disconnect", func(t *testing.T) {
		p, g := open(t)
		f := numbered(fanout.Disconnect)
		flood(g, f, p.stuff(g, f), 10)
		if overflow, _ := p.told(); overflow != 1 {
			t.Errorf("the owner was notified %d times", overflow)
		}
		p.read()
		if p.end.Code != 4008 {
			t.Errorf("closed with %v", p.end)
		}
	})
	t.Run("drop oldest", func(t *testing.T) {
		p, g := open(t)
		f := numbered(fanout.DropOldest)
		last := flood(g, f, p.stuff(g, f), 20)
		p.start()
		p.out.Close(1000, "")
		if gaps := inOrder(t, p.read(), last); gaps == 0 {
			t.Errorf("%d gaps", gaps)
		}
		if got := numbers(p.got); got[len(got)-1] != fmt.Sprint(last) {
			t.Errorf("the newest is lost: %q", got)
		}
		if _, dropped := p.told(); dropped == 0 {
			t.Error("the owner was not notified")
		}
	})
	t.Run("drop newest", func(t *testing.T) {
		p, g := open(t)
		f := numbered(fanout.DropNewest)
		last := flood(g, f, p.stuff(g, f), 20)
		p.start()
		p.out.Close(1000, "")
		if gaps := inOrder(t, p.read(), last); gaps == 0 {
			t.Errorf("%d gaps", gaps)
		}
		for _, s := range p.got[:limits.Frames] {
			if strings.HasPrefix(s, "gap") {
				t.Errorf("an older one is lost: %q", numbers(p.got))
			}
		}
	})
	t.Run("drop silently", func(t *testing.T) {
		p, g := open(t)
		f := numbered(fanout.DropSilently)
		flood(g, f, p.stuff(g, f), 20)
		p.start()
		p.out.Close(1000, "")
		for _, s := range p.read() {
			if strings.HasPrefix(s, "gap") {
				t.Errorf("got a notice for %s", s)
			}
		}
	})
	t.Run("conflate", func(t *testing.T) {
		p, g := open(t)
		first := p.stuff(g, numbered(fanout.Disconnect))
		keyed := func(i int) *fanout.Frame {
			f := numbered(fanout.Disconnect)(i)
			f.Key = fmt.Sprint("key", i%2)
			return f
		}
		last := flood(g, keyed, first, 100)
		p.start()
		p.out.Close(1000, "")
		got := numbers(p.read())
		if want := fmt.Sprint([]string{fmt.Sprint(last - 1), fmt.Sprint(last)}); fmt.Sprint(got[len(got)-2:]) != want || p.end.Code != 1000 {
			t.Errorf("the last are %q, want %s; closed with %v", got[len(got)-2:], want, p.end)
		}
		if len(got) > first+50 {
			t.Errorf("%d frames arrived, %d before the first key: nothing was replaced", len(got), first)
		}
	})
	t.Run("to one alone", func(t *testing.T) {
		p, g := open(t)
		p.stuff(g, numbered(fanout.DropOldest))
		for range 10 {
			p.out.Send(frame("direct"))
		}
		if overflow, _ := p.told(); overflow != 1 {
			t.Errorf("the owner was notified %d times", overflow)
		}
	})
}

// TestConcurrentWriters: many goroutines write to one connection; nothing is mixed up,
// and each writer's order is kept.
func TestConcurrentWriters(t *testing.T) {
	const writers, each = 8, 500
	p := newHub(t, false, &fanout.Limits{Frames: writers * each, Bytes: 64 << 20, Grace: 5 * time.Second}).peer(false)
	p.out.Open(nil)
	p.start()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			var g fanout.Group
			g.Write([]fanout.Item{item(fanout.Enter, "", &fanout.Subscriber{Outlet: p.out})})
			for i := range each {
				g.Write([]fanout.Item{item(fanout.All, fmt.Sprintf("%d %d %s", w, i, strings.Repeat("x", i)))})
			}
		})
	}
	wg.Wait()
	p.out.Close(1000, "")
	next := make([]int, writers)
	for _, s := range p.read() {
		var w, i int
		if _, err := fmt.Sscanf(s, "%d %d", &w, &i); err != nil || next[w] != i {
			t.Fatalf("%.40q, want one of %v", s, next)
		}
		next[w]++
	}
	for w, n := range next {
		if n != each {
			t.Errorf("writer %d: %d of %d arrived", w, n, each)
		}
	}
}

func TestPongReplacesPong(t *testing.T) {
	p := newPipeHub(t, roomy).peer(false)
	p.out.Open(frame("nobody reads this yet"))
	for range 10_000 {
		p.out.Pong([]byte("flood"))
		p.out.Ping()
	}
	p.out.Close(1000, "")
	if got := p.read(); len(got) > 5 {
		t.Errorf("%d pings and pongs arrived", len(got)-1)
	}
}

func TestDeliveryAllocatesNothing(t *testing.T) {
	if raced {
		t.Skip("under the race detector pools drop values at random")
	}
	h := newHub(t, false, roomy)
	var g fanout.Group
	const members = 20
	for range members {
		p := h.peer(false)
		p.counts = true
		p.out.Open(nil)
		p.start()
		g.Write([]fanout.Item{item(fanout.Enter, "", p.port)})
	}
	items := []fanout.Item{item(fanout.All, strings.Repeat("x", 128))}
	if n := testing.AllocsPerRun(200, func() { g.Write(items) }); n > 1 {
		t.Errorf("writing to %d members allocates %v times", members, n)
	}
	batch := make([]fanout.Item, 16)
	for i := range batch {
		batch[i] = items[0]
	}
	if n := testing.AllocsPerRun(200, func() { g.Write(batch) }); n > 1 {
		t.Errorf("writing 16 frames to %d members allocates %v times", members, n)
	}
}
