//go:build unix

package main

import (
	"context"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket/internal/socket"
)

// socketPath is the path of a Unix socket, which must be short.
func socketPath(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "socket")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// serveUnix runs `simplysocket serve` on a Unix socket.
func serveUnix(t testing.TB, path string, args ...string) *program {
	t.Helper()
	p := start(t, append([]string{"serve", "--addr=unix:" + path, "--log-format=json"}, args...)...)
	p.stderr.until(`"address":"unix:` + path + `"`)
	return p
}

// dialUnix connects a client as a proxy does.
func dialUnix(t testing.TB, path string, header http.Header) (*socket.Conn, error) {
	t.Helper()
	return socket.Dial(t.Context(), "ws://chat.example/ws", socket.DialOptions{
		Header:    header,
		ReadLimit: readLimit,
		NetDial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	})
}

// leaveBehind makes a socket that nobody listens on.
func leaveBehind(t testing.TB, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestUnixSocket(t *testing.T) {
	path := socketPath(t)
	leaveBehind(t, path)
	s := serveUnix(t, path, "--socket-mode=600")
	if file, err := os.Lstat(path); err != nil || file.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("%v, %v", file.Mode(), err)
	}
	conn, err := dialUnix(t, path, http.Header{"Origin": {"https://chat.example"}})
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(conn)
	if m := receive(t, p.messages); !strings.Contains(m, `"welcome"`) {
		t.Errorf("it says %s", m)
	}
	_ = conn.CloseNow()
	_ = receive(t, p.end)

	second := start(t, "serve", "--addr=unix:"+path)
	second.exit(1)
	second.stderr.until("a server listens on " + path + " already")
	if _, err := dialUnix(t, path, http.Header{"Origin": {"https://evil.example"}}); err == nil {
		t.Error("a foreign page was admitted")
	}
	s.stderr.until(`"handshake refused","address":"unix"`) // the second server has left the first alone
	s.stop()
	s.exit(0)
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the socket file is still there: %v", err)
	}
}

func TestUnixSocketMode(t *testing.T) {
	path := socketPath(t)
	serveUnix(t, path)
	if file, err := os.Lstat(path); err != nil || file.Mode().Perm() != 0o660 {
		t.Errorf("%v, %v", file.Mode(), err)
	}
}

// TestUnixSocketInTheWay: a file that is not a socket, or does not answer, belongs to
// somebody.
func TestUnixSocketInTheWay(t *testing.T) {
	path := socketPath(t)
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	target := path + "-target"
	leaveBehind(t, target)
	link := path + "-link"
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, link, filepath.Dir(path)} {
		s := start(t, "serve", "--addr=unix:"+path)
		s.exit(1)
		s.stderr.until(path + " is in the way: it is not a socket")
		if _, err := os.Lstat(path); err != nil {
			t.Error(err)
		}
	}
	s := start(t, "serve", "--addr=unix:"+filepath.Join(filepath.Dir(path), "no-such", "s"))
	s.exit(1)
	s.stderr.until("no such file or directory")
}

// TestUnixSocketOfAnother: another server's socket is not removed at the end.
func TestUnixSocketOfAnother(t *testing.T) {
	path := socketPath(t)
	s := serveUnix(t, path)
	if err := os.Rename(path, path+"-old"); err != nil {
		t.Fatal(err)
	}
	other := serveUnix(t, path)
	s.stop()
	s.exit(0)
	conn, err := dialUnix(t, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.CloseNow()
	other.stop()
	other.exit(0)
}

// TestUnixSocketProxy: clients have the addresses that the proxy reports.
func TestUnixSocketProxy(t *testing.T) {
	path := socketPath(t)
	serveUnix(t, path, "--max-clients-per-address=1")
	for address, first := range map[string]bool{"192.0.2.1": true, "192.0.2.2": true} {
		for _, want := range []bool{first, false} {
			conn, err := dialUnix(t, path, http.Header{"X-Forwarded-For": {address}})
			if got := err == nil; got != want {
				t.Errorf("%s: %v", address, err)
			}
			if err == nil {
				defer conn.CloseNow()
			}
		}
	}
}

// TestUnixSocketRace starts servers at once on a stale socket: one serves.
func TestUnixSocketRace(t *testing.T) {
	path := socketPath(t)
	for range 50 {
		leaveBehind(t, path)
		won := make(chan net.Listener, 4)
		for range cap(won) {
			go func() {
				l, _ := listenUnix(path, 0o600) // nil for the others
				won <- l
			}()
		}
		winners := 0
		for range cap(won) {
			if l := receive(t, won); l != nil {
				winners++
				defer l.Close()
			}
		}
		if winners != 1 {
			t.Fatalf("%d servers have the socket", winners)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}
