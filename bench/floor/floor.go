//go:build linux

// Package floor is the lower bound for a server: one thread that waits with epoll, reads,
// and writes to each member with one system call. There are two floors.
//
// The floor of bytes writes frames that were made in advance: it parses nothing.
//
// The floor of the whole job does everything that must be done: it reads frames, unmasks
// them, stamps sender and sequence, and joins everything it has read into one write for
// each member. It knows no JSON: it finds the body by what surrounds it, and trusts its
// clients.
package floor

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/DhruvikDonga/simplysocket/bench/kernel"
	"github.com/DhruvikDonga/simplysocket/bench/wire"
)

// Server is a floor.
type Server struct {
	answer   func(*conn, []byte) error
	listener int
	epoll    int
	conns    []*conn // by descriptor
	rooms    map[string]*room
	buf      [64 << 10]byte
	payload  []byte // of the last reply
	joined   []byte // the bytes to write to the members of a room
}

// room is a number of connections.
type room struct {
	name    string
	members []*conn
	seq     int
	replies *wire.Frames // made in advance
}

// conn is a client.
type conn struct {
	fd     int
	room   *room // nil until the handshake is done
	sender string
	cut    []byte // an incomplete request or frame that was read
	have   int    // bytes of incomplete requests
}

// Whole is the floor of the whole job.
func Whole() (*Server, error) { return newServer((*Server).relay) }

// Bytes is the floor of bytes: for every batch of requests of that size it writes as many
// frames at once.
func Bytes(batch, body int) (*Server, error) {
	return newServer(func(s *Server, c *conn, data []byte) error { return s.recite(c, len(data), batch, body) })
}

func newServer(answer func(*Server, *conn, []byte) error) (*Server, error) {
	s := &Server{rooms: map[string]*room{}}
	s.answer = func(c *conn, data []byte) error { return answer(s, c, data) }
	var err error
	if s.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	if s.listener, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	loopback := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if err := unix.Bind(s.listener, loopback); err != nil {
		return nil, fmt.Errorf("bind: %w", err)
	}
	if err := unix.Listen(s.listener, unix.SOMAXCONN); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return s, s.watch(s.listener)
}

func (s *Server) watch(fd int) error {
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
	if err := unix.EpollCtl(s.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// Address is the address that the server listens on.
func (s *Server) Address() (string, error) {
	name, err := unix.Getsockname(s.listener)
	if err != nil {
		return "", err
	}
	own := name.(*unix.SockaddrInet4)
	return netip.AddrPortFrom(netip.AddrFrom4(own.Addr), uint16(own.Port)).String(), nil
}

// Serve serves until something fails. It has its thread to itself.
func (s *Server) Serve() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var events [256]unix.EpollEvent
	for {
		n, err := unix.EpollWait(s.epoll, events[:], -1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("epoll_wait: %w", err)
		}
		for _, e := range events[:max(n, 0)] {
			if int(e.Fd) == s.listener {
				err = s.accept()
			} else {
				err = s.read(s.conns[e.Fd])
			}
			if err != nil {
				return err
			}
		}
	}
}

// accept accepts waiting connections. They block: everything that is written fits.
func (s *Server) accept() error {
	for {
		fd, _, err := unix.Accept4(s.listener, unix.SOCK_CLOEXEC)
		switch err {
		case nil:
		case unix.EAGAIN:
			return nil
		case unix.EINTR, unix.ECONNABORTED:
			continue
		default:
			return fmt.Errorf("accept: %w", err)
		}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
			return err
		}
		if err := s.watch(fd); err != nil {
			return err
		}
		s.conns = slices.Grow(s.conns, max(fd+1-len(s.conns), 0))[:max(fd+1, len(s.conns))]
		s.conns[fd] = &conn{fd: fd}
	}
}

func (s *Server) read(c *conn) error {
	n, err := kernel.Receive(c.fd, s.buf[:])
	switch {
	case errors.Is(err, kernel.ErrNothing):
		return nil
	case err != nil:
		s.leave(c)
		return nil
	case c.room == nil:
		err = s.handshake(c, s.buf[:n])
	default:
		err = s.answer(c, s.buf[:n])
	}
	if errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) {
		return nil // a lost peer is noticed when it is read
	}
	return err
}

func (s *Server) leave(c *conn) {
	if r := c.room; r != nil {
		r.members = slices.DeleteFunc(r.members, func(m *conn) bool { return m == c })
	}
	s.conns[c.fd] = nil
	_ = unix.Close(c.fd)
}

// acceptGUID is what a key is hashed with (RFC 6455 section 4.2.2).
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// handshake answers a client once its request is complete.
func (s *Server) handshake(c *conn, data []byte) error {
	c.cut = append(c.cut, data...)
	head, _, complete := bytes.Cut(c.cut, []byte("\r\n\r\n"))
	if !complete {
		return nil
	}
	var target, key string
	for i, line := range strings.Split(string(head), "\r\n") {
		if i == 0 {
			target, _, _ = strings.Cut(strings.TrimPrefix(line, "GET "), " ")
		} else if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Sec-WebSocket-Key") {
			key = strings.TrimSpace(value)
		}
	}
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	c.cut, c.sender = nil, strings.ToLower(rand.Text())
	name := u.Query().Get("room")
	c.room = s.rooms[name]
	if c.room == nil {
		c.room = &room{name: name}
		s.rooms[name] = c.room
	}
	c.room.members = append(c.room.members, c)
	hash := sha1.Sum([]byte(key + acceptGUID))
	response := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		base64.StdEncoding.EncodeToString(hash[:]) + "\r\n\r\n"
	return kernel.Send(c.fd, append([]byte(response), wire.AppendText(nil, []byte(`{"action":"`+wire.Joined+`"}`))...))
}

// recite answers requests with frames that were made in advance.
func (s *Server) recite(c *conn, size, batch, body int) error {
	r := c.room
	if r.replies == nil {
		r.replies = wire.Repeat(wire.AppendText(nil, envelope(nil, wire.Body(body), r.name, c.sender, 1000)), batch)
	}
	c.have += size
	request := batch * len(wire.AppendMasked(nil, wire.Request(r.name, wire.Say, wire.Body(body))))
	if c.have < request {
		return nil
	}
	c.have -= request
	r.replies.Number(r.seq)
	r.seq += batch
	return r.write(r.replies.Bytes)
}

// relay answers the complete requests.
func (s *Server) relay(c *conn, data []byte) error {
	if len(c.cut) > 0 {
		data = append(c.cut, data...)
		c.cut = nil
	}
	s.joined = s.joined[:0]
	for {
		h, ok := wire.ReadHeader(data)
		if !ok || len(data) < h.Size+h.Body {
			break
		}
		payload := data[h.Size : h.Size+h.Body]
		data = data[h.Size+h.Body:]
		if h.First != 0x81 {
			return io.ErrUnexpectedEOF
		}
		unmask(payload, h.Mask)
		if err := s.reply(c, payload); err != nil {
			return err
		}
	}
	c.cut = append(c.cut, data...)
	if len(s.joined) == 0 {
		return nil
	}
	return c.room.write(s.joined)
}

// unmask works on eight bytes at a time (RFC 6455 section 5.3).
func unmask(p []byte, mask [4]byte) {
	narrow := binary.LittleEndian.Uint32(mask[:])
	wide := uint64(narrow)<<32 | uint64(narrow)
	for ; len(p) >= 8; p = p[8:] {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^wide)
	}
	for i := range p {
		p[i] ^= mask[i%4]
	}
}

var (
	bodyKey   = []byte(`"message_body":`)
	targetKey = []byte(`,"target":"`)
)

// reply appends the frame for a request.
func (s *Server) reply(c *conn, request []byte) error {
	at := bytes.Index(request, bodyKey)
	end := bytes.LastIndex(request, targetKey)
	if at < 0 || end < at {
		return fmt.Errorf("not a request: %q", request)
	}
	c.room.seq++
	s.payload = envelope(s.payload[:0], request[at+len(bodyKey):end], c.room.name, c.sender, c.room.seq)
	s.joined = wire.AppendText(s.joined, s.payload)
	return nil
}

func envelope(dst, body []byte, target, sender string, seq int) []byte {
	dst = append(dst, `{"action":"`+wire.Say+`","message_body":`...)
	dst = append(dst, body...)
	dst = append(dst, `,"IsTargetClient":false,"target":"`...)
	dst = append(dst, target...)
	dst = append(dst, `","sender":"`...)
	dst = append(dst, sender...)
	dst = append(dst, `","seq":`...)
	dst = strconv.AppendInt(dst, int64(seq), 10)
	return append(dst, '}')
}

// write writes the same bytes to every member.
func (r *room) write(p []byte) error {
	for _, m := range r.members {
		if err := kernel.Send(m.fd, p); err != nil {
			return fmt.Errorf("send: %w", err)
		}
	}
	return nil
}
