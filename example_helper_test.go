package simplysocket_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/servertest"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// stage is where the examples run: a server whose clients connect in memory.
type stage struct {
	server *servertest.Server

	mu    sync.Mutex
	names *strings.Replacer // of IDs, which are random, to the peers' names
	pairs []string
}

func play(srv *simplysocket.Server) *stage {
	server, err := servertest.Start(srv, "")
	if err != nil {
		panic(err)
	}
	return &stage{server: server, names: strings.NewReplacer()}
}

func (s *stage) end() {
	if err := s.server.Stop(); err != nil {
		fmt.Println(err)
	}
}

// quiet is a server whose log does not show.
func quiet(o simplysocket.Options) *simplysocket.Server {
	o.Logger = servertest.Quiet
	srv, err := simplysocket.New(&o)
	if err != nil {
		panic(err)
	}
	return srv
}

// dial returns the error of a handshake that is refused.
func (s *stage) dial(header http.Header) (*peer, error) {
	p := &peer{stage: s}
	p.change = sync.NewCond(&p.mu)
	o := socket.DialOptions{NetDial: s.server.Dial, Header: header, ReadLimit: 1 << 20}
	conn, err := socket.Dial(context.Background(), s.server.URL, o)
	if err != nil {
		return nil, err
	}
	p.conn = conn
	go func() {
		err := conn.Read(p)
		_ = conn.CloseNow()
		p.mu.Lock()
		defer p.mu.Unlock()
		p.ended = err
		p.change.Broadcast()
	}()
	return p, nil
}

// connect returns a client that has read its welcome.
func (s *stage) connect(name string) *peer {
	p, err := s.dial(nil)
	if err != nil {
		panic(err)
	}
	welcome := p.wait(&p.next, protocol.ActionWelcome, 0)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pairs = append(s.pairs, string(welcome.Target), name)
	s.names = strings.NewReplacer(s.pairs...)
	return p
}

func (s *stage) named(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names.Replace(text)
}

// peer is a client. What it receives waits until it is read.
type peer struct {
	stage *stage
	conn  *socket.Conn

	mu     sync.Mutex
	change *sync.Cond
	inbox  []protocol.Envelope
	next   int // of the inbox, for read
	lastID uint64
	ended  error
}

func (p *peer) Message(payload []byte) {
	env, err := protocol.ParseServer(bytes.Clone(payload))
	if err != nil {
		panic(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inbox = append(p.inbox, env)
	p.change.Broadcast()
}

func (p *peer) Ping(payload []byte) { _ = p.conn.WritePong(payload) }
func (p *peer) Pong()               {}

// wait returns the next message of that action or, with ref, the answer to it.
func (p *peer) wait(next *int, action string, ref uint64) protocol.Envelope {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		for *next < len(p.inbox) {
			env := p.inbox[*next]
			*next++
			if env.Ref == ref && (ref != 0 || string(env.Action) == action) {
				return env
			}
		}
		if p.ended != nil {
			panic(fmt.Sprintf("waiting for %s: %v", action, p.ended))
		}
		p.change.Wait()
	}
}

// ask sends a message, waits for its answer and returns the body of the ack or
// the code of the error.
func (p *peer) ask(action, target, body string) string {
	p.lastID++
	h := protocol.Header{Action: action, Target: target, ID: p.lastID}
	if err := p.conn.WriteText(protocol.AppendEnvelope(nil, &h, []byte(body))); err != nil {
		panic(err)
	}
	next := 0
	answer := p.wait(&next, action, p.lastID)
	if string(answer.Action) == protocol.ActionError {
		var refused struct{ Code protocol.Code }
		if err := json.Unmarshal(answer.Body, &refused); err != nil {
			panic(err)
		}
		return "refused: " + string(refused.Code)
	}
	return p.stage.named(string(answer.Body))
}

// read returns the next message of that action: its body and who sent it.
func (p *peer) read(action string) string {
	env := p.wait(&p.next, action, 0)
	return p.stage.named(fmt.Sprintf("%s from %s", env.Body, env.Sender))
}

// closed waits for the end of the connection and returns why the server closed
// it.
func (p *peer) closed() (code uint16, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.ended == nil {
		p.change.Wait()
	}
	var end *socket.CloseError
	errors.As(p.ended, &end)
	return end.Code, end.Reason
}

// status is the HTTP status of a handshake: 101 if it was accepted.
func status(err error) int {
	var refused *socket.DialError
	if errors.As(err, &refused) {
		return refused.Status
	}
	return http.StatusSwitchingProtocols
}
