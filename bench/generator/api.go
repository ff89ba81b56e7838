//go:build linux

// Package generator is the benchmark's clients: a process of one thread that
// waits with epoll, sends, reads, and checks the number of every message. It does
// so little for a message that it holds no server up, and tells how much of the
// time it was at work.
package generator

import "time"

// Dialling is a number of clients that connect and are in their rooms.
type Dialling struct {
	Address       string
	Dialect       string // plain, simplysocket, simplysocket.v1, centrifuge or socket.io
	Rooms, Size   int    // so many rooms of so many clients
	First         int    // number of the first room
	Lobby         bool   // they join no room
	From          string // the clients' own address; empty: as the system sees fit
	ReceiveBuffer int    // of their sockets; 0 likewise
	Deaf          bool   // nothing more is read until Drain
	Ticked        bool   // messages come from the server, which had begun before
	Resumes       bool   // the clients remember what they need to come back
	TLS, Deflate  bool
}

// Entered is what came of a Dialling.
type Entered struct {
	Set  int // by which the clients are named from now on
	Wall time.Duration
}

// Talk has all rooms of a set talk at once: in each, one client says Batch
// messages, and the next client the next when all members have got these.
type Talk struct {
	Set      int
	For      time.Duration
	Messages int // in place of For: so many in each room
	Batch    int
	Body     int // bytes
}

// Pace has clients say messages at a fixed rate, whatever becomes of them: one
// room after the other. The delay of a message counts from when it was due.
type Pace struct {
	Set      int
	For      time.Duration
	Messages int     // in place of For: so many in all
	Rate     float64 // messages a second, of all rooms
	Body     int     // bytes
	Inputs   bool    // the messages are inputs, of all members in turn, and answered by nothing
}

// Heard is what came of a Talk or a Pace.
type Heard struct {
	Messages      int // that were said
	Deliveries    int // that came
	Lost, Doubled int
	Bytes         int // that were read
	Wall, Busy    time.Duration
	P50, P99      time.Duration // from the saying to the hearing
}

// Drained is what a deaf client finds.
type Drained struct {
	Messages int // one after the other
	Code     int // of the close frame; 0: there was none
}

// Storm has all clients of a set but the first of each room lose their
// connections, miss messages, and come back at once.
type Storm struct {
	Set    int
	Missed int // messages of each room
	Body   int
}

// Returned is what came of a Storm.
type Returned struct {
	Clients int
	Missing int           // messages that those who came back did not get
	Wall    time.Duration // until all had what they had missed
}
