// Package socket is the WebSocket connection (RFC 6455) with permessage-deflate
// (RFC 7692), on top of github.com/gobwas/ws, which no other package imports.
//
// What makes it different from a general library is how it waits. A [Conn] on a
// plain TCP or Unix socket reads inside the callback of [syscall.RawConn], with
// a buffer that it borrows only while there is data: a connection that is idle
// holds none. And [Conn.TryWrite] writes without blocking and as many frames at
// once as it is given, so that a sender to many connections never waits for one of them.
// Every other [net.Conn], TLS and [net.Pipe] among them, works the plain way.
//
// A Conn has one reader, the goroutine in [Conn.Read], and one writer at a
// time, which the caller sees to. A frame is encoded by the caller ([Seal],
// [Deflate], [AppendPing], ...); the client's role alone has methods that encode
// and write, since its frames are masked one by one.
package socket
