package main

import (
	"bytes"
	"compress/flate"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/gobwas/ws/wsutil"
)

const gobwasWriteWait = 10 * time.Second

// gobwas is the library with its wsutil, as in the first example of its README, and with
// a frame that is compiled once for all members.
var gobwas = candidate{
	name:    "gobwas",
	library: "github.com/gobwas/ws",
	differs: "a message is framed (and compressed) once and written to each member under the room's lock, so a slow one holds the room for up to 10 s; reads are not buffered; no queue, no pings, no acknowledgment",
	serve: func(c config) (http.Handler, error) {
		wsutil.SetMaxMessageSize(readLimit) // the default is no limit, which the README warns of
		rooms := newRoomsOf(c, gobwasSend)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			extension := wsflate.Extension{Parameters: wsflate.DefaultParameters}
			upgrader := ws.HTTPUpgrader{}
			if c.Deflate {
				upgrader.Negotiate = extension.Negotiate
			}
			conn, _, _, err := upgrader.Upgrade(r, w)
			if err != nil {
				return
			}
			name := r.URL.Query().Get("room")
			_, deflate := extension.Accepted()
			m := &gobwasMember{Conn: conn, deflate: deflate}
			room := rooms.enter(name)
			go func() {
				defer rooms.leave(name)
				defer conn.Close()
				room.join(m, func() { gobwasSend([]*gobwasMember{m}, joinedRoom) })
				defer room.leave(m)
				read := m.reader()
				id := newID()
				for {
					payload, err := read()
					if err != nil || room.hear(payload, id) != nil {
						return
					}
				}
			}()
		}), nil
	},
}

// gobwasMember is a connection whose writes do not mix: those of the room, and the pongs
// of its own reader.
type gobwasMember struct {
	net.Conn
	deflate bool
	mu      sync.Mutex
}

// Write writes one or more whole frames.
func (m *gobwasMember) Write(frame []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.SetWriteDeadline(time.Now().Add(gobwasWriteWait)); err != nil {
		return 0, err
	}
	return m.Conn.Write(frame)
}

// reader reads one message per call.
func (m *gobwasMember) reader() func() ([]byte, error) {
	if !m.deflate {
		return func() ([]byte, error) {
			payload, _, err := wsutil.ReadClientData(m)
			return payload, err
		}
	}
	var message wsflate.MessageState
	reader := wsutil.DefaultReader(m, ws.StateServerSide|ws.StateExtended)
	reader.CheckUTF8 = false // it would check compressed data
	reader.Extensions = []wsutil.RecvExtension{&message}
	control := wsutil.ControlFrameHandler(m, ws.StateServerSide)
	reader.OnIntermediate = control
	return func() ([]byte, error) {
		for {
			header, err := reader.NextFrame()
			if err != nil {
				return nil, err
			}
			if header.OpCode.IsControl() {
				if err := control(header, reader); err != nil {
					return nil, err
				}
				continue
			}
			if !message.IsCompressed() {
				return io.ReadAll(reader)
			}
			inflater := inflaters.Get().(*wsflate.Reader)
			defer inflaters.Put(inflater)
			inflater.Reset(reader)
			return io.ReadAll(inflater)
		}
	}
}

// gobwasSend writes payload to each member.
func gobwasSend(members []*gobwasMember, payload []byte) {
	plain := ws.MustCompileFrame(ws.NewTextFrame(payload))
	var packed []byte // compressed when the first member needs it
	for _, m := range members {
		frame := plain
		if m.deflate && len(payload) >= deflateFrom {
			if packed == nil {
				packed = deflateFrame(payload)
			}
			frame = packed
		}
		if _, err := m.Write(frame); err != nil {
			_ = m.Close() // ends its reader, and thereby the membership
		}
	}
}

// The library's helper makes a compressor of the highest level for every message, and is
// meant to be replaced. These have the lowest level and are reused.
var (
	deflaters = sync.Pool{New: func() any {
		return wsflate.NewWriter(nil, func(w io.Writer) wsflate.Compressor {
			f, err := flate.NewWriter(w, flate.BestSpeed)
			if err != nil {
				panic(err) // only for a level that does not exist
			}
			return f
		})
	}}
	inflaters = sync.Pool{New: func() any {
		return wsflate.NewReader(nil, func(r io.Reader) wsflate.Decompressor { return flate.NewReader(r) })
	}}
)

func deflateFrame(payload []byte) []byte {
	var packed bytes.Buffer
	w := deflaters.Get().(*wsflate.Writer)
	defer deflaters.Put(w)
	w.Reset(&packed)
	_, err := w.Write(payload)
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		panic(err) // a buffer accepts everything
	}
	f := ws.NewTextFrame(packed.Bytes())
	f.Header.Rsv = ws.Rsv(true, false, false)
	return ws.MustCompileFrame(f)
}
