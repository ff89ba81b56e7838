package simplysockettest

import (
	"fmt"
	"slices"
	"strings"
)

// Expect reads the next message with that action that the client has received and returns
// its body. It fails the test if there is none, if the body does not decode into T, or if
// one of the conditions does not hold for it: it does not look for a later one.
func Expect[T any](c *Client, action string, holds ...func(T) bool) T {
	c.room.t.Helper()
	i := c.next(action)
	if i < 0 {
		c.room.t.Fatalf("%s was to receive %q and did not%s", c.id, action, c.received())
	}
	m := c.inbox[i]
	c.inbox = slices.Delete(c.inbox, i, i+1)
	return check(c, m, holds)
}

// ExpectLast is [Expect] for the newest message with that action. Those before it with the
// same action are read as well: for state whose newest value alone counts.
func ExpectLast[T any](c *Client, action string, holds ...func(T) bool) T {
	c.room.t.Helper()
	var last *Message
	c.inbox = slices.DeleteFunc(c.inbox, func(m *Message) bool {
		if m.Action == action {
			last = m
		}
		return m.Action == action
	})
	if last == nil {
		c.room.t.Fatalf("%s was to receive %q and did not%s", c.id, action, c.received())
	}
	return check(c, last, holds)
}

// check decodes a message and checks the conditions.
func check[T any](c *Client, m *Message, holds []func(T) bool) (body T) {
	c.room.t.Helper()
	if err := m.Decode(&body); err != nil {
		c.room.t.Fatalf("%s has received %s, which is no %T: %v%s", c.id, m, body, err, c.received())
	}
	for i, hold := range holds {
		if !hold(body) {
			which := ""
			if len(holds) > 1 {
				which = fmt.Sprintf(" (condition %d of %d)", i+1, len(holds))
			}
			c.room.t.Fatalf("%s has received %s, which is not as expected%s%s", c.id, m, which, c.received())
		}
	}
	return body
}

// ExpectNone fails the test if the client has received a message with that action and the
// test has not read it.
func ExpectNone(c *Client, action string) {
	c.room.t.Helper()
	if i := c.next(action); i >= 0 {
		c.room.t.Errorf("%s was not to receive %q, and did: %s%s", c.id, action, c.inbox[i], c.received())
	}
}

// ExpectActions reads all messages that wait, and fails the test unless their actions are
// these, in this order.
func ExpectActions(c *Client, actions ...string) {
	c.room.t.Helper()
	got := make([]string, len(c.inbox))
	for i, m := range c.inbox {
		got[i] = m.Action
	}
	if !slices.Equal(got, actions) {
		c.room.t.Errorf("%s was to receive %q, and received %q%s", c.id, actions, got, c.received())
	}
	c.Skip()
}

// Messages returns the messages that the test has not read, oldest first.
func (c *Client) Messages() []*Message { return slices.Clone(c.inbox) }

// Skip reads all messages that the client has received so far.
func (c *Client) Skip() {
	clear(c.inbox)
	c.inbox = c.inbox[:0]
}

// next returns the index of the next message with that action, or -1.
func (c *Client) next(action string) int {
	return slices.IndexFunc(c.inbox, func(m *Message) bool { return m.Action == action })
}

// received tells what the client has received, for a failure.
func (c *Client) received() string {
	recent := c.recent[max(len(c.recent)-recentMessages, 0):]
	if len(recent) == 0 {
		return "\nIt has received nothing."
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nThe last that %s has received, unread ones with *:", c.id)
	for _, m := range recent {
		mark := ' '
		if slices.Contains(c.inbox, m) {
			mark = '*'
		}
		fmt.Fprintf(&b, "\n  %c seq %d  %s", mark, m.Seq, m)
	}
	if older := slices.Index(c.inbox, recent[0]); older > 0 {
		fmt.Fprintf(&b, "\n%d unread ones are older.", older)
	}
	return b.String()
}
