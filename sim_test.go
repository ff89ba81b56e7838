package simplysocket_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/pipe"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

var (
	simSeed = flag.Uint64("sim.seed", 0, "run the fault simulation only with the plan of this seed; the scheduling differs each time")
	simRuns = flag.Int("sim.runs", 20, "number of seeds for the fault simulation")
)

// TestSim cuts connections everywhere, and checks that nothing acknowledged is lost (L),
// all see one order (O), nothing is delivered or handled twice (D) and no gap is silent
// (G).
func TestSim(t *testing.T) {
	if *simSeed != 0 {
		synctest.Test(t, func(t *testing.T) { simulate(t, *simSeed) })
		return
	}
	for range *simRuns {
		seed := rand.Uint64()
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) { synctest.Test(t, func(t *testing.T) { simulate(t, seed) }) }) {
			t.Fatalf("run this plan again with -run TestSim -sim.seed %d", seed)
		}
	}
}

const (
	simClients  = 5
	simRooms    = 3
	simMessages = 40 // of each client
	simDirects  = 50 // to each, from outside any room
	simCuts     = 6  // of each client
)

func simulate(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	o := &simplysocket.Options{MessageRate: simplysocket.Unlimited}
	if rng.IntN(3) == 0 {
		o.HistoryMessages = 8 // so small that there are gaps
	}
	h := serve(t, true, o)
	clients := make([]*simClient, simClients)
	var wg sync.WaitGroup
	for i := range clients {
		clients[i] = newSimClient(h, i, seed)
		for room := range simRooms {
			clients[i].ask("join-room", fmt.Sprint("room/", room), nil)
		}
	}
	for _, c := range clients {
		c.settle()
	}
	for _, c := range clients {
		c.mu.Lock()
		client := h.Client(c.slug)
		c.mu.Unlock()
		wg.Go(c.talk)
		wg.Go(func() {
			for range simDirects {
				_ = client.Send("direct", nil)
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	wg.Wait()
	for _, c := range clients {
		c.settle()
	}
	time.Sleep(time.Second) // for messages on their way to clients that settled long ago
	synctest.Wait()
	check(t, clients)
	for _, c := range clients {
		c.close()
	}
}

// simClient is a client that reconnects: it resends what was not answered, and logs
// everything it sends and gets.
type simClient struct {
	h     *host
	index int
	words *rand.Rand // of talk
	cable *rand.Rand // of the connections

	mu      sync.Mutex
	change  *sync.Cond
	conn    *socket.Conn
	up      bool // the welcome has come
	ended   bool
	done    chan struct{}
	token   string
	slug    string
	rooms   map[string][2]uint64
	n       uint64
	lastID  uint64
	pending map[uint64]string // id to envelope
	cuts    int

	log      map[string][]string // room to what was delivered, in order; "gap" in its place
	seqs     map[string]uint64
	failures []string
}

func newSimClient(h *host, index int, seed uint64) *simClient {
	c := &simClient{
		h: h, index: index, done: make(chan struct{}),
		words: rand.New(rand.NewPCG(seed, uint64(2*index+1))), cable: rand.New(rand.NewPCG(seed, uint64(2*index+2))),
		rooms: map[string][2]uint64{}, pending: map[uint64]string{},
		log: map[string][]string{}, seqs: map[string]uint64{},
	}
	c.change = sync.NewCond(&c.mu)
	go c.run()
	return c
}

// run keeps the client connected.
func (c *simClient) run() {
	defer close(c.done)
	for {
		conn, err := c.connect()
		if err == nil {
			_ = conn.Read(c)
			_ = conn.CloseNow()
		}
		c.mu.Lock()
		c.up = false
		ended := c.ended
		c.mu.Unlock()
		if ended {
			return
		}
		time.Sleep(time.Duration(c.cable.IntN(200)) * time.Millisecond)
	}
}

// connect dials over a connection that breaks after some bytes, in one direction or the
// other, and says hello.
func (c *simClient) connect() (*socket.Conn, error) {
	dial := c.h.Dial
	if c.cuts < simCuts {
		c.cuts++
		dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			nc, err := c.h.Dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return pipe.Brittle(nc, c.cable, 8000, 4000), nil
		}
	}
	conn, err := socket.Dial(context.Background(), c.h.URL, socket.DialOptions{NetDial: dial, Subprotocols: []string{protocol.Subprotocol}, ReadLimit: 1 << 20})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.conn = conn
	hello := envelope(0, "hello", "", object{"session": c.token, "rooms": c.rooms, "direct": c.n})
	c.mu.Unlock()
	return conn, conn.WriteText([]byte(hello))
}

func (c *simClient) Ping(p []byte) { _ = c.conn.WritePong(p) }
func (c *simClient) Pong()         {}

func (c *simClient) Message(payload []byte) {
	env, err := protocol.ParseServer(payload)
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.change.Broadcast()
	if err != nil {
		c.fail("%s: %v", payload, err)
		return
	}
	room := string(env.Room)
	if !env.IsTargetClient {
		room = string(env.Target)
	}
	switch action := string(env.Action); {
	case action == "welcome":
		c.welcome(env.Body)
		return
	case action == "gap":
		c.gap(room, env.Body)
		return
	case env.N != 0:
		if env.N != c.n+1 {
			c.fail("n %d after %d", env.N, c.n)
		}
		c.n = env.N
	case room != "" && env.Seq != 0:
		c.advance(room, &env)
	}
	if env.Ref != 0 {
		delete(c.pending, env.Ref)
		if string(env.Action) == "error" {
			c.fail("id %d: %s", env.Ref, env.Body)
		}
	}
	if string(env.Action) == "x" {
		c.log[room] = append(c.log[room], string(env.Body))
	}
}

func (c *simClient) advance(room string, env *protocol.Envelope) {
	at := c.rooms[room]
	if string(env.Action) == "joined-room" {
		var body struct{ Epoch uint64 }
		_ = json.Unmarshal(env.Body, &body)
		at = [2]uint64{body.Epoch, 0}
	}
	if env.Seq <= at[1] {
		c.fail("%s: seq %d after %d", room, env.Seq, at[1])
	}
	c.rooms[room] = [2]uint64{at[0], env.Seq}
}

func (c *simClient) gap(room string, body []byte) {
	var g struct{ Epoch, From, To uint64 }
	_ = json.Unmarshal(body, &g)
	at := c.rooms[room]
	if room == "lobby" {
		return
	}
	if g.Epoch != at[0] || g.From != at[1]+1 || g.To < g.From {
		c.fail("%s: gap %s at %v", room, body, at)
	}
	c.rooms[room] = [2]uint64{at[0], g.To}
	c.log[room] = append(c.log[room], "gap")
}

// welcome resends what was not answered, in order.
func (c *simClient) welcome(body []byte) {
	var w struct {
		Client, Session string
		Resumed         bool
	}
	_ = json.Unmarshal(body, &w)
	if c.slug != "" && (!w.Resumed || w.Client != c.slug) {
		c.fail("not resumed: %s", body)
	}
	c.slug, c.token, c.up = w.Client, w.Session, true
	var ids []uint64
	for id := range c.pending {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var texts []string
	for _, id := range ids {
		texts = append(texts, c.pending[id])
	}
	conn := c.conn
	go func() { // a pipe has no buffer: a writer must read as well
		for _, text := range texts {
			if conn.WriteText([]byte(text)) != nil {
				return
			}
		}
	}()
}

func (c *simClient) fail(format string, args ...any) {
	c.failures = append(c.failures, fmt.Sprintf(format, args...))
}

// ask sends a message, now or when there is a connection, and waits for its answer.
func (c *simClient) ask(action, target string, body any) {
	c.mu.Lock()
	c.lastID++
	id := c.lastID
	text := envelope(id, action, target, body)
	c.pending[id] = text
	up, conn := c.up, c.conn
	c.mu.Unlock()
	if up {
		_ = conn.WriteText([]byte(text))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.pending[id] != "" {
		c.change.Wait()
	}
}

func (c *simClient) talk() {
	for i := range simMessages {
		c.ask("x", fmt.Sprint("room/", c.words.IntN(simRooms)), object{"from": c.index, "i": i})
		time.Sleep(time.Duration(c.words.IntN(50)) * time.Millisecond)
	}
}

// settle waits until everything is answered and the connection is up.
func (c *simClient) settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.pending) > 0 || !c.up {
		c.change.Wait()
	}
}

func (c *simClient) close() {
	c.mu.Lock()
	c.ended = true
	conn := c.conn
	c.mu.Unlock()
	_ = conn.CloseNow()
	<-c.done
}

func check(t *testing.T, clients []*simClient) {
	cuts := 0
	for _, c := range clients {
		cuts += c.cuts
		if c.n != simDirects {
			t.Errorf("client %d has %d of %d direct messages", c.index, c.n, simDirects)
		}
		for _, f := range c.failures {
			t.Errorf("client %d: %s", c.index, f)
		}
	}
	if cuts < simClients*2 {
		t.Errorf("%d cuts", cuts)
	}
	for room := range simRooms {
		name := fmt.Sprint("room/", room)
		var whole []string // as a client without gaps has it
		for _, c := range clients {
			if log := c.log[name]; !slices.Contains(log, "gap") {
				whole = log
			}
		}
		seen := map[string]int{}
		for _, body := range whole {
			if seen[body]++; seen[body] > 1 {
				t.Errorf("%s: %s was delivered twice", name, body)
			}
		}
		for _, c := range clients {
			if whole != nil && !servertest.Explains(c.log[name], whole) {
				t.Errorf("%s: client %d has %v, not %v", name, c.index, c.log[name], whole)
			}
		}
		if whole == nil {
			continue // each has a gap
		}
		next := map[int]int{}
		for _, body := range whole {
			m := decode[struct{ From, I int }](t, json.RawMessage(body))
			if m.I < next[m.From] {
				t.Errorf("%s: message %d of client %d comes after %d", name, m.I, m.From, next[m.From]-1)
			}
			next[m.From] = m.I + 1
		}
	}
}
