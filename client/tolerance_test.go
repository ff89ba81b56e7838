package client_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// TestLaterProtocol: additions of a later protocol version are ignored.
func TestLaterProtocol(t *testing.T) {
	s := newScript(t)
	heard := newEvents()
	accept := make(chan *peer)
	go func() {
		p := <-s.arrivals
		if hello := p.hear("hello"); string(hello.Body) != `{"features":["set-info"]}` {
			t.Errorf("hello %s", hello.Body)
		}
		p.say(`{"action":"$before","message_body":{},"IsTargetClient":true,"target":"anna","sender":"server"}`)
		p.say(`{"action":"welcome","message_body":{"client":"anna","server":"server","session":"t","resumed":false,"heartbeat":10000,"features":["zip"],"later":[1]},` +
			`"IsTargetClient":true,"target":"anna","sender":"server","later":{}}`)
		accept <- p
	}()
	o := s.options()
	o.Lobby = heard.all
	conn := connect(t, "ws://memory/ws", o)
	p := <-accept
	t.Cleanup(func() {
		_ = p.conn.CloseNow()
		<-p.done
	})
	if f := conn.Session().Features; len(f) != 0 {
		t.Errorf("features %v that this client does not speak", f)
	}
	go func() {
		env := p.hear("x")
		p.say(`{"action":"$progress","message_body":{},"IsTargetClient":true,"target":"anna","sender":"server","ref":%d,"re":"x"}`, env.ID)
		p.say(`{"action":"$other","message_body":{},"IsTargetClient":true,"target":"anna","sender":"server"}`)
		p.ack(env, 1, `{"by":"ack"}`)
	}()
	wantResult(t, asking(t, conn.Lobby(), "x"), "ack <nil>")
	heard.none(t)
}

const welcomeFrame = `{"action":"welcome","message_body":{"client":"anna","server":"server","session":%q,"resumed":%t,"heartbeat":10000,` +
	`"limits":{"message_bytes":%d,"rooms":1000,"messages_per_second":0,"burst":0}},"IsTargetClient":true,"target":"anna","sender":"server"}`

// connectLimited connects a client to a server with that message limit; 0 means that the
// server names none.
func (s *script) connectLimited(o client.Options, limit int) (*client.Conn, *peer) {
	s.t.Helper()
	return s.meet(o, func(p *peer) { p.say(welcomeFrame, "token-1", false, limit) })
}

// TestHeartbeats: any interval that a server may name works.
func TestHeartbeats(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"0":                    0,
		"-1":                   0,
		"-1e300":               0,
		"0.001":                time.Millisecond,
		"25000":                25 * time.Second,
		"1073741824000":        24 * time.Hour,
		"9223372036854775807":  24 * time.Hour,
		"99999999999999999999": 24 * time.Hour,
		"1e300":                24 * time.Hour,
	} {
		t.Run(value, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(t)
				conn, p := s.meet(client.Options{}, func(p *peer) {
					p.say(`{"action":"welcome","message_body":{"client":"anna","server":"server","session":"t","resumed":false,"heartbeat":%s},`+
						`"IsTargetClient":true,"target":"anna","sender":"server"}`, value)
				})
				if got := conn.Session().Heartbeat; got != want {
					t.Errorf("got %v, want %v", got, want)
				}
				if want == 0 || want == 24*time.Hour {
					time.Sleep(time.Hour)
					go func() { p.ack(p.hear("x"), 1, "{}") }()
					send(t, conn.Lobby(), "x", nil)
				}
			})
		})
	}
}

// TestMalformed: whatever a server sends, the client continues or ends the session with
// an error; it never panics.
func TestMalformed(t *testing.T) {
	bodies := []string{
		`{}`, `{"client":1}`, `{"client":null}`, `{"clients":null}`, `{"clients":7}`, `{"clients":[null,{},{"client":7}]}`,
		`{"clients":[{"client":"anna","state":"?","info":[]}]}`, `{"count":-5}`, `{"count":1e300}`, `{"count":"x"}`,
		`{"members":null}`, `{"members":{}}`, `{"members":[null,{"client":null}]}`, `{"epoch":-1}`, `{"epoch":1.5}`,
		`{"epoch":99,"seq":18446744073709551615,"count":-1,"members":[{}]}`, `{"from":9,"to":1}`, `{"epoch":1,"from":0,"to":18446744073709551615}`,
		`{"reason":7}`, `{"reason":""}`, `{"code":7}`, `{"code":""}`, `{"features":{}}`, `{"session":{}}`,
	}
	actions := []string{
		protocol.ActionWelcome, protocol.ActionAck, protocol.ActionError, protocol.ActionGap, protocol.ActionJoinedRoom, protocol.ActionLeftRoom,
		protocol.ActionRoomClosed, protocol.ActionClientJoinedRoom, protocol.ActionClientLeftRoom, protocol.ActionClientPresence,
		protocol.ActionRoomCount, protocol.ActionHeartbeat, protocol.ActionHello,
	}
	places := []string{
		`"IsTargetClient":false,"target":"r","sender":"server","seq":50`,
		`"IsTargetClient":true,"target":"anna","sender":"server","room":"r","seq":50`,
		`"IsTargetClient":true,"target":"anna","sender":"server"`,
		`"IsTargetClient":true,"target":"anna","sender":"server","room":"r","ref":7,"re":"x"`,
	}
	for _, action := range actions {
		t.Run(action, func(t *testing.T) {
			for _, body := range bodies {
				for _, place := range places {
					s := newScript(t)
					conn, p := s.connect(client.Options{})
					go p.admit(1, 1)
					join(t, conn, "r", nil)
					frame := fmt.Sprintf(`{"action":%q,"message_body":%s,%s}`, action, body, place)
					if err := p.conn.Write(socket.Text([]byte(frame))); err != nil {
						t.Fatal(err)
					}
					go func() {
						for env := range p.heard {
							if string(env.Action) == "x" {
								answer := fmt.Sprintf(`{"action":"ack","message_body":{},"IsTargetClient":true,"target":"anna","sender":"server","ref":%d,"re":"x"}`, env.ID)
								_ = p.conn.Write(socket.Text([]byte(answer))) // the client may have closed the connection
								return
							}
						}
					}()
					if err := conn.Lobby().Send(t.Context(), "x", nil); err != nil {
						if end := waitDone(t, conn); end.Code != protocol.CloseProtocolError {
							t.Errorf("%s: %v, ended with %v", frame, err, end)
						}
					}
					_ = conn.Close()
					<-p.done
					close(p.heard)
				}
			}
		})
	}
}
