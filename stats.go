package simplysocket

import "sync/atomic"

// Stats counts what the server has and what it did. The totals only grow.
type Stats struct {
	Clients      int // connected now
	Disconnected int // sessions that wait for their client to come back
	Rooms        int // open now, the lobby included

	Connects    uint64 // clients that came
	Disconnects uint64 // clients that went
	Resumes     uint64 // clients that came back to their session
	Refused     uint64 // handshakes that failed
	Joins       uint64 // members let into rooms, lobby included
	Leaves      uint64 // members who left, whatever the reason
	Received    uint64 // messages from clients
	Delivered   uint64 // messages handed to connections
	Dropped     uint64 // messages that an overflow policy gave up
	Overflows   uint64 // clients disconnected because their outbox was full
	Busy        uint64 // messages and joins that a full mailbox refused
	Unhandled   uint64 // messages of the server's own code whose room closed first
	RateLimited uint64 // messages over a client's rate
	Panics      uint64 // panics of the application's code

	RecordingGaps uint64 // times that a recording has lost entries, because its writer was too slow
}

type counters struct {
	kept                                          atomic.Int64
	connects, disconnects, resumes, refused       atomic.Uint64
	joins, leaves                                 atomic.Uint64
	received, deliveries                          atomic.Uint64
	dropped, overflows, busy, rateLimited, panics atomic.Uint64
	unhandled, recordingGaps                      atomic.Uint64
}

// Stats returns the current counts. It may be called concurrently.
func (s *Server) Stats() Stats {
	return Stats{
		Clients:      int(s.clientCount.Load()),
		Disconnected: int(s.stats.kept.Load()),
		Rooms:        s.rooms.len(),
		Connects:     s.stats.connects.Load(),
		Disconnects:  s.stats.disconnects.Load(),
		Resumes:      s.stats.resumes.Load(),
		Refused:      s.stats.refused.Load(),
		Joins:        s.stats.joins.Load(),
		Leaves:       s.stats.leaves.Load(),
		Received:     s.stats.received.Load(),
		Delivered:    s.stats.deliveries.Load(),
		Dropped:      s.stats.dropped.Load(),
		Overflows:    s.stats.overflows.Load(),
		Busy:         s.stats.busy.Load(),
		Unhandled:    s.stats.unhandled.Load(),
		RateLimited:  s.stats.rateLimited.Load(),
		Panics:       s.stats.panics.Load(),

		RecordingGaps: s.stats.recordingGaps.Load(),
	}
}
