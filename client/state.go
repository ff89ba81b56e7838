package client

import "time"

// State is whether a [Conn] is connected.
type State uint8

const (
	// Offline: the connection is lost and will be made again.
	Offline State = iota
	// Online: what is sent goes out at once.
	Online
	// Closed: the session is over; see [Conn.Err].
	Closed
)

// String returns the state in lower case.
func (s State) String() string {
	switch s {
	case Offline:
		return "offline"
	case Online:
		return "online"
	default:
		return "closed"
	}
}

// Session is what the server said when it let the client in.
type Session struct {
	// Client is the client's ID.
	Client string
	// Server is the server's name, the sender of what comes from no client.
	Server string
	// Resumed says that the last connection took up the session of the one
	// before.
	Resumed bool
	// Heartbeat is the time in which something is always received; 0 if the
	// server promises nothing.
	Heartbeat time.Duration
	// Limits are what a client may do.
	Limits Limits
	// Features are the optional parts of the protocol that server and client
	// both speak.
	Features []string
}

// Limits are what a client may do.
type Limits struct {
	MessageBytes      int     `json:"message_bytes"`
	Rooms             int     `json:"rooms"`
	MessagesPerSecond float64 `json:"messages_per_second"`
	Burst             int     `json:"burst"`
}

// setState notes the state and has the application told. The lock is held.
func (c *Conn) setState(s State) {
	if c.state == s {
		return
	}
	c.state = s
	if f := c.opts.OnState; f != nil {
		c.push(event{call: func() { f(s) }})
	}
}
