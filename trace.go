package simplysocket

import "time"

// Trace holds optional callbacks for metrics and auditing. Several may run at once. They
// must return quickly: the room or client that caused the event waits. A panic or
// runtime.Goexit in one is contained.
type Trace struct {
	// Connect is called when a client was admitted.
	Connect func(ConnectInfo)
	// Disconnect is called once when a client's session has ended.
	Disconnect func(DisconnectInfo)
	// Join is called when a member was admitted, Leave when one has left.
	Join  func(JoinInfo)
	Leave func(LeaveInfo)
	// Message is called when a member's message was handled.
	Message func(MessageInfo)
	// Drop is called when messages to a client were dropped.
	Drop func(DropInfo)
	// Panic is called when the application's code has panicked.
	Panic func(PanicInfo)
}

// ConnectInfo describes a client that was admitted.
type ConnectInfo struct {
	Client   string
	Identity Identity
	Address  string
}

// DisconnectInfo describes a session that has ended.
type DisconnectInfo struct {
	Client string
	Code   uint16 // what ended the session; 1006 if there was no close code
	Reason string
}

// JoinInfo describes a member that was admitted.
type JoinInfo struct {
	Room    string
	Client  string
	Members int // with it
}

// LeaveInfo describes a member that has left.
type LeaveInfo struct {
	Room    string
	Client  string
	Reason  LeaveReason
	Members int // without it
}

// MessageInfo describes a message that was handled.
type MessageInfo struct {
	Room     string
	Client   string
	Action   string
	Bytes    int           // of the body
	Duration time.Duration // in its handler
	Err      error         // why it was refused
}

// DropInfo describes messages that were dropped.
type DropInfo struct {
	Client   string
	Messages int
	Overflow bool // the client was disconnected for it
}

// PanicInfo describes a panic.
type PanicInfo struct {
	Room  string
	Value any
	Stack []byte
}
