package simplysocket_test

import (
	"encoding/json"
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
	script

	mu    sync.Mutex
	names *strings.Replacer // of IDs, which are random, to the peers' names
	pairs []string
}

// script stands in for the test that an example does not have. A failure panics.
type script struct{ ends []func() }

func (s *script) Helper()                   {}
func (s *script) Cleanup(end func())        { s.ends = append(s.ends, end) }
func (s *script) Errorf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }
func (s *script) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }

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
	for _, end := range s.ends {
		end()
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
	c, err := servertest.Open(s, s.server, "", func(o *socket.DialOptions) { o.Header = header })
	if err != nil {
		return nil, err
	}
	s.Cleanup(c.CutOff)
	return &peer{c, s}, nil
}

// connect returns a client that has read its welcome.
func (s *stage) connect(name string) *peer {
	p, err := s.dial(nil)
	if err != nil {
		panic(err)
	}
	welcome := p.client.Expect(protocol.ActionWelcome)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pairs = append(s.pairs, welcome.Target, name)
	s.names = strings.NewReplacer(s.pairs...)
	return p
}

func (s *stage) named(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names.Replace(text)
}

// peer is a client whose messages read the same in every run.
type peer struct {
	client *servertest.Client
	stage  *stage
}

// ask sends a message, waits for its answer and returns the body of the ack or
// the code of the error.
func (p *peer) ask(action, target, body string) string {
	answer := p.client.Ask(action, target, json.RawMessage(body))
	if answer.Action == protocol.ActionError {
		return "refused: " + answer.Code()
	}
	return p.stage.named(string(answer.Body))
}

// read returns the next message of that action: its body and who sent it.
func (p *peer) read(action string) string {
	m := p.client.Expect(action)
	return p.stage.named(fmt.Sprintf("%s from %s", m.Body, m.Sender))
}

// closed waits for the end of the connection and returns why the server closed
// it.
func (p *peer) closed() (code uint16, reason string) {
	end := p.client.Closing()
	return end.Code, end.Reason
}

// status is the HTTP status of a handshake: 101 if it was accepted.
func status(err error) int { return servertest.Status(err) }
