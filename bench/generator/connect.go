//go:build linux

package generator

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/DhruvikDonga/simplysocket/bench/kernel"
	"github.com/DhruvikDonga/simplysocket/bench/wire"
)

// dial connects the client and sends the upgrade request. With TLS, the handshake sends
// it.
func (p *client) dial(s *set) error {
	to, err := address(s.Address)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	p.fd = fd
	if s.ReceiveBuffer > 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, s.ReceiveBuffer); err != nil {
			return err
		}
	}
	if s.From != "" {
		from, err := address(s.From + ":0")
		if err != nil {
			return err
		}
		if err := unix.Bind(fd, from); err != nil {
			return fmt.Errorf("bind: %w", err)
		}
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return err
	}
	if err := unix.Connect(fd, to); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	// Not earlier: with a timeout, a call that a signal interrupts is not restarted, and
	// calling connect again is not the same.
	timeout := unix.NsecToTimeval(int64(patience))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &timeout); err != nil {
		return err
	}
	if s.TLS {
		p.stream = newTLSStream(fd)
		return nil
	}
	p.stream = plainStream(fd)
	return p.ask(s)
}

func address(text string) (*unix.SockaddrInet4, error) {
	a, err := netip.ParseAddrPort(text)
	return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}, err
}

// ask writes the request of the handshake.
func (p *client) ask(s *set) error {
	var r strings.Builder
	fmt.Fprintf(&r, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", s.dialect.target(p.room.name), s.Address)
	r.WriteString("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
	if s.dialect.subprotocol != "" {
		fmt.Fprintf(&r, "Sec-WebSocket-Protocol: %s\r\n", s.dialect.subprotocol)
	}
	if s.Deflate {
		r.WriteString("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n")
	}
	r.WriteString("\r\n")
	return p.write([]byte(r.String()))
}

// handshake reads the response, handles what follows it, and says hello.
func (p *client) handshake(s *set, buf []byte) error {
	if secure, ok := p.stream.(*tlsStream); ok {
		if err := secure.handshake(); err != nil {
			return err
		}
		if err := p.ask(s); err != nil {
			return err
		}
	}
	have := 0
	for {
		n, err := p.stream.receive(buf[have:])
		if errors.Is(err, kernel.ErrNothing) {
			if err := kernel.AwaitInput(p.fd, patience); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		have += n
		head, rest, complete := bytes.Cut(buf[:have], []byte("\r\n\r\n"))
		if !complete {
			continue
		}
		if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
			return fmt.Errorf("the server answered %q", head)
		}
		if s.Deflate {
			if !bytes.Contains(bytes.ToLower(head), []byte("permessage-deflate")) {
				return fmt.Errorf("the server does not compress: %q", head)
			}
			p.flat = &s.flat
		}
		if err := p.hello(s); err != nil {
			return err
		}
		return p.take(rest, time.Now())
	}
}

func (p *client) hello(s *set) error {
	if s.dialect.hello == nil {
		return nil
	}
	var frames []byte
	for _, text := range s.dialect.hello(p.room.name, &p.session) {
		frames = wire.AppendMasked(frames, []byte(text))
	}
	return p.write(frames)
}
