//go:build linux

// Package generator is the benchmark's clients: a process with one thread that waits with
// epoll, sends, reads, and checks the number of every message. It does so little per
// message that it holds up no server, and reports how much of the time it was busy.
package generator

import "time"

// Dialling is a number of clients that connect and join their rooms.
type Dialling struct {
	Address       string
	Dialect       string // plain, simplysocket, simplysocket.v1, centrifuge or socket.io
	Rooms, Size   int    // the number of rooms, and of clients in each
	First         int    // number of the first room
	Lobby         bool   // they join no room
	From          string // the clients' own address; empty: chosen by the system
	ReceiveBuffer int    // of their sockets; 0: chosen by the system
	Deaf          bool   // they read nothing more until Drain
	Ticked        bool   // messages come from the server, which has already begun
	Resumes       bool   // the clients remember what they need to reconnect
	TLS, Deflate  bool
}

// Entered is the result of a Dialling.
type Entered struct {
	Set  int // the name of the set in later calls
	Wall time.Duration
}

// Talk makes all rooms of a set talk at once: in each, one client sends Batch messages,
// and the next client sends the next batch when all members have received these.
type Talk struct {
	Set      int
	For      time.Duration
	Messages int // instead of For: this many in each room
	Batch    int
	Body     int // bytes
}

// Pace makes clients send messages at a fixed rate, regardless of the answers: one room
// after the other. The delay of a message counts from when it was due.
type Pace struct {
	Set      int
	For      time.Duration
	Messages int     // instead of For: this many in all
	Rate     float64 // messages per second, over all rooms
	Body     int     // bytes
	Inputs   bool    // the messages are inputs, of all members in turn, and get no answer
}

// Heard is the result of a Talk or a Pace.
type Heard struct {
	Messages      int // that were sent
	Deliveries    int // that arrived
	Lost, Doubled int
	Bytes         int // that were read
	Wall, Busy    time.Duration
	P50, P99      time.Duration // from sending to receiving
}

// Drained is what a deaf client reads.
type Drained struct {
	Messages int // in sequence
	Code     int // of the close frame; 0: there was none
}

// Storm makes all clients of a set but the first of each room lose their connections,
// miss messages, and reconnect at once.
type Storm struct {
	Set    int
	Missed int // messages of each room
	Body   int
}

// Returned is the result of a Storm.
type Returned struct {
	Clients int
	Missing int           // messages that the reconnected clients did not get
	Wall    time.Duration // until all had what they had missed
}
