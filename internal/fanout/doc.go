// Package fanout takes a room's output to the members' connections on this
// node. It knows frames and connections and does not know rooms.
//
// A [Frame] is encoded once and shared by everybody who receives it. A [Group]
// writes one batch of output to its members: members that the batch treats alike
// get the same joined bytes in one write. An [Outlet] is a connection's
// writing end; what the socket does not take at once waits in its outbox,
// which is bounded and which nothing allocates while it is empty.
package fanout
