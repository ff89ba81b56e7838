package socket

import (
	"net"

	"github.com/gobwas/ws"
)

// NewServerConn makes the server's end of a connection whose handshake is done.
func NewServerConn(nc net.Conn, limit int64, deflate, takeover bool) *Conn {
	c := newConn(nc, nil, ws.StateServerSide.Set(ws.StateExtended), limit)
	c.deflate, c.takeover = deflate, takeover
	return c
}
