//go:build linux

package proxies_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/internal/socket"
)

// TestHandshake checks what each proxy's configuration must get right so that the server
// knows whose page connects, and from which address.
func TestHandshake(t *testing.T) {
	eachProxy(t, func(t *testing.T, p *proxy) {
		addresses := make(chan string, 1)
		b := serve(t, simplysocket.Options{Trace: &simplysocket.Trace{
			Connect: func(i simplysocket.ConnectInfo) { addresses <- i.Address },
		}})
		f := p.stand(t, b.address)
		for _, test := range []struct {
			name   string
			path   string
			header http.Header
			want   int
		}{
			{"a program", "/ws", nil, http.StatusSwitchingProtocols},
			{"a page of its own", "/ws", http.Header{"Origin": {"http://" + f.address()}}, http.StatusSwitchingProtocols},
			{"a page of its own, by the prefix", "/app/ws", http.Header{"Origin": {"http://" + f.address()}}, http.StatusSwitchingProtocols},
			{"a foreign page", "/ws", http.Header{"Origin": {"https://evil.example"}}, http.StatusForbidden},
			{"a foreign page, by the prefix", "/app/ws", http.Header{"Origin": {"https://evil.example"}}, http.StatusForbidden},
			{"a page of another port", "/ws", http.Header{"Origin": {"http://127.0.0.1:1"}}, http.StatusForbidden},
			{"a made-up address", "/ws", http.Header{"X-Forwarded-For": {"203.0.113.9"}}, http.StatusSwitchingProtocols},
			{"a made-up chain", "/app/ws", http.Header{"X-Forwarded-For": {"203.0.113.9, 127.0.0.1"}}, http.StatusSwitchingProtocols},
			{"the proxy's address", "/ws", http.Header{"X-Forwarded-For": {"127.0.0.1"}}, http.StatusSwitchingProtocols},
		} {
			t.Run(test.name, func(t *testing.T) {
				status := http.StatusSwitchingProtocols
				conn, err := socket.Dial(t.Context(), "ws://"+f.address()+test.path, socket.DialOptions{
					Header:    test.header,
					ReadLimit: 1 << 20,
					NetDial:   dial,
				})
				var refused *socket.DialError
				switch {
				case errors.As(err, &refused):
					status = refused.Status
				case err != nil:
					t.Fatal(err)
				default:
					defer conn.CloseNow()
				}
				if status != test.want {
					t.Fatalf("status %d, want %d", status, test.want)
				}
				if status != http.StatusSwitchingProtocols {
					return
				}
				if got := <-addresses; got != remote {
					t.Errorf("the server sees the client as %s; it is %s", got, remote)
				}
			})
		}
	})
}
