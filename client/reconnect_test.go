package client_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// TestCut: the network breaks, and the server forgets the client at once. The client
// returns to its rooms, and learns what it cannot rely on.
func TestCut(t *testing.T) {
	h := serve(t, "", simplysocket.Options{DisableResume: true})
	heard, states := newEvents(), newEvents()
	conn := h.connect(states.states(client.Options{MinBackoff: time.Millisecond}))
	room := join(t, conn, "r", map[string]any{"password": "sesame"}, heard.all)
	before := conn.ID()
	for range 3 {
		h.cut()
		states.want(t, "online", "offline")
		send(t, room, "x", nil)
		heard.want(t, "gap 0-0 whole=true direct=false", "x {}")
	}
	states.want(t, "online")
	if conn.ID() == before || conn.Session().Resumed {
		t.Errorf("client %s was %s", conn.ID(), before)
	}
	if _, err := h.connect(client.Options{}).Join(t.Context(), "r", nil); code(err) != protocol.CodeForbidden {
		t.Errorf("the room has lost its password: %v", err)
	}
}

// TestCreateIsForTheFirstTime: the client that created a room returns to it while others
// are in it.
func TestCreateIsForTheFirstTime(t *testing.T) {
	h := serve(t, "", simplysocket.Options{DisableResume: true})
	heard := newEvents()
	opener := h.connect(client.Options{MinBackoff: time.Millisecond})
	room := join(t, opener, "r", map[string]any{"create": true, "password": "sesame"}, heard.all)
	other := connect(t, h.URL, client.Options{NetDial: h.Dial})
	join(t, other, "r", map[string]any{"password": "sesame"})
	h.cut()
	until(t, "the gap", func() bool { return heard.next(t) == "gap 0-0 whole=true direct=false" })
	send(t, room, "x", nil)
}

// TestRestart: the server goes away and another one comes up at its address.
func TestRestart(t *testing.T) {
	h := serve(t, "127.0.0.1:0", simplysocket.Options{})
	heard, states := newEvents(), newEvents()
	conn := h.connect(states.states(client.Options{MinBackoff: time.Millisecond, MaxBackoff: 20 * time.Millisecond}))
	room := join(t, conn, "r", nil, heard.all)
	states.want(t, "online")
	h.stop()
	states.want(t, "offline")
	address := strings.TrimSuffix(strings.TrimPrefix(h.URL, "ws://"), "/ws")
	serve(t, address, simplysocket.Options{})
	states.want(t, "online")
	send(t, room, "x", nil)
	heard.want(t, "gap 0-0 whole=true direct=false", "x {}")
}

// TestFreshToken: a client whose token is revoked reconnects with another one, and only
// once.
func TestFreshToken(t *testing.T) {
	var revoked atomic.Bool
	h := serve(t, "", simplysocket.Options{Authenticate: func(r *http.Request) (simplysocket.Identity, error) {
		identity, err := headerUser(r)
		if revoked.Load() && identity.User != "user-2" {
			err = errors.New("revoked")
		}
		return identity, err
	}})
	var calls atomic.Int32
	conn := h.connect(client.Options{MinBackoff: time.Millisecond, Token: func(context.Context) (string, error) {
		return fmt.Sprintf("user-%d", calls.Add(1)), nil
	}})
	before := conn.ID()
	revoked.Store(true)
	h.Client(conn.ID()).Disconnect(protocol.CloseUnauthenticated, "revoked")
	until(t, "the return", func() bool { return conn.ID() != before && conn.State() == client.Online })
	send(t, conn.Lobby(), "x", nil)
	h.Client(conn.ID()).Disconnect(protocol.CloseUnauthenticated, "revoked")
	if end := waitDone(t, conn); end.Code != protocol.CloseUnauthenticated || calls.Load() != 3 {
		t.Errorf("%v after %d tokens", end, calls.Load())
	}
}

// TestDisconnectedAtOnce: a client that was admitted has a session, however short.
func TestDisconnectedAtOnce(t *testing.T) {
	for range 20 {
		s := newScript(t)
		go func() {
			p := <-s.arrivals
			p.hear("hello")
			p.welcome("token", false)
			_ = p.conn.Write(socket.AppendClose(nil, uint16(protocol.CloseDisconnected), ""))
			<-p.done
		}()
		conn := connect(t, "ws://memory/ws", s.options())
		if end := waitDone(t, conn); end.Code != protocol.CloseDisconnected {
			t.Errorf("got %v", end)
		}
	}
}

// TestDisconnected: a client that must stay away does, and has received what was sent
// before.
func TestDisconnected(t *testing.T) {
	h := inMemory(t)
	heard := newEvents()
	conn := h.connect(heard.states(client.Options{Lobby: heard.all}))
	c := h.Client(conn.ID())
	_ = c.Send("banned", nil)
	c.Disconnect(protocol.CloseDisconnected, "bye")
	heard.want(t, "online", "banned {}", "closed")
	end := waitDone(t, conn)
	if end.Code != protocol.CloseDisconnected || end.Reason != "bye" {
		t.Errorf("got %v", end)
	}
	err := conn.Lobby().Send(t.Context(), "x", nil)
	var closed *client.CloseError
	if !errors.As(err, &closed) || closed != end {
		t.Errorf("got %v", err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}

// TestUnansweredAtEnd: when the session ends, every waiting call learns that the outcome
// is unknown, and why.
func TestUnansweredAtEnd(t *testing.T) {
	s := newScript(t)
	conn, p := s.connect(client.Options{})
	result := make(chan error)
	go func() { result <- conn.Lobby().Send(t.Context(), "x", nil) }()
	p.hear("x")
	if err := p.conn.Write(socket.AppendClose(nil, uint16(protocol.CloseDisconnected), "bye")); err != nil {
		t.Fatal(err)
	}
	err := <-result
	var end *client.CloseError
	if code(err) != client.CodeOutcomeUnknown || !errors.As(err, &end) || end != waitDone(t, conn) {
		t.Errorf("got %v", err)
	}
	if got, want := end.Error(), "client: connection closed: 4003 disconnected: bye"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestCloseCodes: the server closes with every code.
func TestCloseCodes(t *testing.T) {
	type reaction struct {
		ends, session bool
		earliest      time.Duration
	}
	resumes, ends := reaction{session: true}, reaction{ends: true}
	for code, want := range map[protocol.CloseCode]reaction{
		1005:                          resumes, // a close frame without a code
		1006:                          resumes, // no close frame
		protocol.CloseGoingAway:       resumes,
		protocol.CloseInternal:        resumes,
		protocol.CloseRestart:         resumes,
		1013:                          resumes,
		1014:                          resumes,
		protocol.CloseTooSlow:         resumes,
		protocol.CloseUnauthenticated: {},
		protocol.CloseFlooding:        {earliest: 30 * time.Second},
		protocol.CloseNormal:          ends,
		protocol.CloseProtocolError:   ends,
		protocol.CloseUnsupported:     ends,
		protocol.CloseInvalidData:     ends,
		protocol.ClosePolicy:          ends,
		protocol.CloseTooLarge:        ends,
		protocol.CloseDisconnected:    ends,
		protocol.CloseTaken:           ends,
		4100:                          ends,
	} {
		t.Run(code.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				conn, p := s.connect(client.Options{Token: func(context.Context) (string, error) { return "t", nil }})
				began := time.Now()
				if code != 1006 {
					_ = p.conn.Write(socket.AppendClose(nil, uint16(code), "why"))
					<-p.done
				}
				_ = p.conn.CloseNow()
				if want.ends {
					if end := waitDone(t, conn); end.Code != code {
						t.Errorf("ended with %v", end)
					}
					return
				}
				p, hello := s.next()
				if session := hello == `{"session":"token-1","features":["set-info"]}`; session != want.session || !session && hello != `{"features":["set-info"]}` {
					t.Errorf("hello %s", hello)
				}
				if pause := time.Since(began); pause < want.earliest || pause > want.earliest+time.Second {
					t.Errorf("came back after %v", pause)
				}
				p.welcome("token-2", want.session)
			})
		})
	}
}

// TestOutcomeUnknown: when a session is lost, the outcomes of its messages are lost too.
// Messages that were not sent yet are sent after the rooms are joined again.
func TestOutcomeUnknown(t *testing.T) {
	s := newScript(t)
	heard := newEvents()
	conn, p := s.connect(client.Options{MinBackoff: time.Millisecond, Lobby: heard.all, OnRoom: heard.all})
	go p.admit(7, 1)
	room := join(t, conn, "r", map[string]int{"p": 1}, heard.all)
	p.say(`{"action":"joined-room","message_body":{"epoch":3,"seq":1,"count":1,"members":[]},"IsTargetClient":true,"target":"anna","sender":"server","room":"given","seq":1}`)
	p.tell("given", 2, "hi")
	heard.want(t, `say {"text":"hi"}`)

	results := make(chan error)
	go func() { results <- room.Send(t.Context(), "sent", nil) }()
	p.hear("sent")
	_ = p.conn.CloseNow()
	p, hello := s.next()
	if want := `{"session":"token-1","rooms":{"given":[3,2],"r":[7,2]},"features":["set-info"]}`; hello != want {
		t.Errorf("hello %s, want %s", hello, want)
	}
	go func() { results <- room.Send(t.Context(), "waiting", nil) }()
	until(t, "the loss", func() bool { return conn.State() == client.Offline })
	p.welcome("token-2", false)
	if err := <-results; code(err) != client.CodeOutcomeUnknown {
		t.Errorf("got %v", err)
	}
	heard.want(t, "gap 0-0 whole=true direct=false", "gap 0-0 whole=true direct=false", "closed lost")
	if env := p.admit(8, 1); string(env.Body) != `{"p":1}` || env.ID != 3 {
		t.Errorf("joined with %s under %d", env.Body, env.ID)
	}
	p.ack(p.hear("waiting"), 3, "{}")
	if err := <-results; err != nil {
		t.Error(err)
	}
}

// TestRejoinRefused: a room that does not admit the client again is closed for it.
func TestRejoinRefused(t *testing.T) {
	s := newScript(t)
	heard := newEvents()
	conn, p := s.connect(client.Options{MinBackoff: time.Millisecond})
	go p.admit(1, 1)
	join(t, conn, "r", nil, heard.all)
	for range 2 { // the second join is refused
		_ = p.conn.CloseNow()
		p, _ = s.next()
		p.welcome("token", false)
		heard.want(t, "gap 0-0 whole=true direct=false")
		env := p.hear("join-room")
		if env.ID == 2 {
			p.ack(env, 1, "{}")
			go func() { p.ack(p.hear("x"), 2, "{}") }()
			send(t, conn.Lobby(), "x", nil) // the ack of the join has been read
			continue
		}
		p.say(`{"action":"error","message_body":{"code":"room-full","message":""},"IsTargetClient":true,"target":"anna","sender":"server","room":"r","ref":%d,"re":"join-room"}`, env.ID)
	}
	heard.want(t, "error join-room room-full", "closed refused")
}

// TestLeaveWithLostSession: a client that wanted to leave is out of the room when its
// session is lost.
func TestLeaveWithLostSession(t *testing.T) {
	s := newScript(t)
	heard := newEvents()
	conn, p := s.connect(client.Options{MinBackoff: time.Millisecond})
	go p.admit(1, 1)
	room := join(t, conn, "r", nil, heard.all)
	left := make(chan error)
	go func() { left <- room.Leave(t.Context()) }()
	p.hear("leave-room")
	_ = p.conn.CloseNow()
	p, _ = s.next()
	p.welcome("token-2", false)
	if err := <-left; err != nil {
		t.Error(err)
	}
	heard.want(t, "closed left")
	go func() { p.ack(p.hear("x"), 1, "{}") }()
	send(t, conn.Lobby(), "x", nil) // and no join before it
}

// TestDial: Dial fails in every way.
func TestDial(t *testing.T) {
	full := serve(t, "", simplysocket.Options{MaxClients: 1})
	full.connect(client.Options{})
	closed := serve(t, "", simplysocket.Options{Authenticate: headerUser})
	for name, test := range map[string]struct {
		o    client.Options
		want func(error) bool
	}{
		"refused": {client.Options{NetDial: full.Dial}, func(err error) bool {
			var refused *client.RefusedError
			return errors.As(err, &refused) && refused.Status == 503 && refused.RetryAfter == 5*time.Second
		}},
		"not authenticated": {client.Options{NetDial: closed.Dial}, func(err error) bool {
			var end *client.CloseError
			return errors.As(err, &end) && end.Code == protocol.CloseUnauthenticated
		}},
		"no token": {client.Options{Token: func(context.Context) (string, error) { return "", context.Canceled }}, func(err error) bool {
			return errors.Is(err, context.Canceled)
		}},
		"no network": {client.Options{NetDial: func(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }}, func(err error) bool {
			return errors.Is(err, net.ErrClosed)
		}},
		"bad option": {client.Options{QueueBytes: -1}, func(err error) bool {
			var bad *client.OptionError
			return errors.As(err, &bad) && bad.Field == "QueueBytes"
		}},
		"backoff the wrong way round": {client.Options{MinBackoff: 2, MaxBackoff: 1}, func(err error) bool {
			var bad *client.OptionError
			return errors.As(err, &bad) && bad.Field == "MaxBackoff"
		}},
		"no policy": {client.Options{OfflineSends: 7}, func(err error) bool {
			var bad *client.OptionError
			return errors.As(err, &bad) && bad.Field == "OfflineSends"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			test.o.Logger = quiet
			if _, err := client.Dial(t.Context(), "ws://memory/ws", &test.o); !test.want(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTLS(t *testing.T) {
	srv, err := simplysocket.New(&simplysocket.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(srv)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	url := "wss://" + server.Listener.Addr().String()
	conn := connect(t, url, client.Options{TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}})
	send(t, join(t, conn, "r", nil), "x", nil)
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	var unknown *tls.CertificateVerificationError
	if _, err := client.Dial(t.Context(), url, nil); !errors.As(err, &unknown) {
		t.Errorf("an unknown certificate: %v", err)
	}
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestDialWithoutWelcome: the context bounds the wait for the welcome.
func TestDialWithoutWelcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		go s.next()
		began := time.Now()
		o := s.options()
		if _, err := client.Dial(t.Context(), "ws://memory/ws", &o); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 15*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// TestOtherServer: a WebSocket server that does not speak the protocol.
func TestOtherServer(t *testing.T) {
	s := newScript(t)
	s.subprotocol = ""
	o := s.options()
	if _, err := client.Dial(t.Context(), "ws://memory/ws", &o); !errors.Is(err, client.ErrNoSubprotocol) {
		t.Errorf("got %v", err)
	}
	<-(<-s.arrivals).done
}

// TestBrokenServer: after messages that no server should send, the client does not
// reconnect.
func TestBrokenServer(t *testing.T) {
	for name, test := range map[string]struct {
		frame []byte
		want  protocol.CloseCode
	}{
		"no JSON":        {socket.Text([]byte(`{"action"`)), protocol.CloseProtocolError},
		"an invalid gap": {socket.Text([]byte(`{"action":"gap","message_body":{"from":"x"}}`)), protocol.CloseProtocolError},
		"binary":         {[]byte{0x82, 1, 'x'}, protocol.CloseUnsupported},
		"reserved bits":  {[]byte{0xf1, 1, 'x'}, protocol.CloseProtocolError},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			conn, p := s.connect(client.Options{})
			if err := p.conn.Write(test.frame); err != nil {
				t.Fatal(err)
			}
			if end := waitDone(t, conn); end.Code != test.want {
				t.Errorf("ended with %v", end)
			}
			<-p.done
			var closed *socket.CloseError
			if !errors.As(p.end, &closed) || closed.Code != uint16(test.want) {
				t.Errorf("the server reads %v", p.end)
			}
		})
	}
}

// TestCloseUnanswered: Close is bounded, and says that the server does not know of it.
func TestCloseUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		s.deaf = true
		conn, _ := s.connect(client.Options{})
		began := time.Now()
		if err := conn.Close(); !errors.Is(err, client.ErrOffline) || time.Since(began) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestCloseOffline(t *testing.T) {
	h := inMemory(t)
	states := newEvents()
	conn := h.connect(states.states(client.Options{MinBackoff: time.Hour}))
	room := join(t, conn, "r", nil)
	h.cut()
	states.want(t, "online", "offline")
	waiting := make(chan error)
	go func() { waiting <- room.Send(t.Context(), "x", nil) }()
	if err := conn.Close(); !errors.Is(err, client.ErrOffline) {
		t.Errorf("got %v", err)
	}
	var end *client.CloseError
	if err := <-waiting; !errors.As(err, &end) || end.Code != protocol.CloseNormal {
		t.Errorf("got %v", err)
	}
	states.want(t, "closed")
}
