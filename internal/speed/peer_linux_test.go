package speed

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// peer is one client.
type peer struct {
	fd    int
	room  *conversation
	in    bool   // welcomed and, unless it stays in the lobby, in its room
	heard int    // messages
	next  int    // the number of the next
	count int    // of members, as the room has announced it last
	code  int    // of the server's close frame
	cut   []byte // the beginning of a frame of which the end is missing
}

func connect(d Dialling) (*peer, error) {
	to, err := address(d.Address)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	if d.ReceiveBuffer > 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, d.ReceiveBuffer); err != nil {
			return nil, err
		}
	}
	if d.From != "" {
		from, err := address(d.From + ":0")
		if err != nil {
			return nil, err
		}
		if err := unix.Bind(fd, from); err != nil {
			return nil, fmt.Errorf("bind: %w", err)
		}
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return nil, err
	}
	timeout := unix.NsecToTimeval(int64(patience))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		return nil, err
	}
	if err := unix.Connect(fd, to); err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &peer{fd: fd}, nil
}

func address(text string) (*unix.SockaddrInet4, error) {
	a, err := netip.ParseAddrPort(text)
	return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}, err
}

// ask writes the request of the handshake.
func (p *peer) ask(host string) error {
	path := "/"
	if p.room.name != "" {
		path += "?room=" + p.room.name
	}
	return p.write([]byte("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
}

// upgraded reads the response, and takes what is behind it.
func (p *peer) upgraded(buf []byte) error {
	have := 0
	for {
		n, err := unix.Read(p.fd, buf[have:])
		if err == unix.EINTR { // a call with a timeout is not restarted
			continue
		}
		if err != nil {
			return fmt.Errorf("handshake: %w", err)
		}
		if n == 0 {
			return fmt.Errorf("handshake: %w", io.ErrUnexpectedEOF)
		}
		have += n
		if head, rest, ok := bytes.Cut(buf[:have], []byte("\r\n\r\n")); ok {
			if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
				return fmt.Errorf("handshake: %s", head)
			}
			return p.take(rest, time.Now())
		}
	}
}

func (p *peer) write(b []byte) error {
	n, err := unix.Write(p.fd, b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return err
}

// read takes what there is.
func (p *peer) read(buf []byte) error {
	for {
		n, err := unix.Read(p.fd, buf)
		switch {
		case err == unix.EAGAIN:
			return nil
		case err == unix.EINTR:
			continue
		case err != nil:
			return fmt.Errorf("read: %w", err)
		case n == 0:
			return io.ErrUnexpectedEOF
		}
		if err := p.take(buf[:n], time.Now()); err != nil {
			return err
		}
		if n < len(buf) {
			return nil // more would be an event of its own
		}
	}
}

// take cuts data into frames (RFC 6455 section 5.2).
func (p *peer) take(data []byte, now time.Time) error {
	if len(p.cut) > 0 {
		data = append(p.cut, data...)
		p.cut = nil
	}
	for len(data) >= 2 {
		head, size := 2, int(data[1])
		switch size {
		case 126:
			head = 4
		case 127:
			head = 10
		}
		if len(data) < head {
			break
		}
		switch head {
		case 4:
			size = int(binary.BigEndian.Uint16(data[2:]))
		case 10:
			size = int(binary.BigEndian.Uint64(data[2:]))
		}
		if len(data)-head < size {
			break
		}
		if err := p.frame(data[0], data[head:head+size], now); err != nil {
			return err
		}
		data = data[head+size:]
	}
	p.cut = append(p.cut, data...)
	return nil
}

var (
	welcome    = []byte(`{"action":"` + protocol.ActionWelcome + `"`)
	joinedRoom = []byte(`{"action":"` + protocol.ActionJoinedRoom + `"`)
	roomCount  = []byte(`{"action":"` + protocol.ActionRoomCount + `","message_body":{"count":`)
)

func (p *peer) frame(first byte, payload []byte, now time.Time) error {
	switch first {
	case 0x81:
		switch {
		case bytes.HasPrefix(payload, []byte(said)):
			return p.message(payload[len(said):], now)
		case bytes.HasPrefix(payload, welcome):
			p.in = p.room.name == ""
		case bytes.HasPrefix(payload, joinedRoom):
			p.in = true
		case bytes.HasPrefix(payload, roomCount):
			_, err := fmt.Sscanf(string(payload[len(roomCount):]), "%d", &p.count)
			return err
		}
	case 0x88:
		p.code = int(binary.BigEndian.Uint16(payload))
	case 0x89:
		return p.write(append([]byte{0x8a, masked | byte(len(payload)), 0, 0, 0, 0}, payload...))
	default:
		return fmt.Errorf("a frame that begins with %#x", first)
	}
	return nil
}

// message checks that no message is missing, doubled or out of order.
func (p *peer) message(text []byte, now time.Time) error {
	if len(text) < digits {
		return fmt.Errorf("room %q: a message ends with %q", p.room.name, text)
	}
	n := number(text)
	if n != p.next && !(p.room.deaf && p.heard == 0) {
		return fmt.Errorf("room %q: message %d came in the place of number %d", p.room.name, n, p.next)
	}
	p.next = n + 1
	p.heard++
	return p.room.hear(now)
}

func (p *peer) reset() error {
	if err := unix.SetsockoptLinger(p.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		return err
	}
	return unix.Close(p.fd)
}
