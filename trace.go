package simplysocket

import "time"

// Trace holds callbacks for metrics and audits. Each may be nil. They run several at
// once and must return quickly: the room or client that caused the event waits. A panic
// or runtime.Goexit in one is contained.
type Trace struct {
	// Connect is called when a client has been let in.
	Connect func(ConnectInfo)
	// Disconnect is called once when its session has ended.
	Disconnect func(DisconnectInfo)
	// Join is called in the turn that lets a member in, Leave in the one that
	// sees it go.
	Join  func(JoinInfo)
	Leave func(LeaveInfo)
	// Message is called in the turn that has handled a member's message.
	Message func(MessageInfo)
	// Drop is called when messages to a client were given up.
	Drop func(DropInfo)
	// Panic is called when the application's code has panicked.
	Panic func(PanicInfo)
}

// ConnectInfo describes a client that was let in.
type ConnectInfo struct {
	Client   string
	Identity Identity
	Address  string
}

// DisconnectInfo describes a client that is gone.
type DisconnectInfo struct {
	Client string
	Code   uint16 // what ended the session; 1006 if there was no close code
	Reason string
}

// JoinInfo describes a member that was let in.
type JoinInfo struct {
	Room    string
	Client  string
	Members int // with it
}

// LeaveInfo describes a member that is gone.
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

// DropInfo describes messages that were given up.
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
