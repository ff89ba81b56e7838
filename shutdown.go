package simplysocket

import (
	"context"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// drainRate is how many clients a shutdown disconnects per second: they return to another
// server, which must be able to take them.
const drainRate = 500

// Shutdown ends the server in good order. It admits no new clients, runs the OnClose of
// every room, writes what still waits for the clients, and closes their connections with
// 1001, which tells them to return; the closes are spread over time. It returns when all
// clients are gone. If the context ends first, Shutdown cuts off the remaining clients and
// returns the context's error. A second call returns [ErrServerClosed].
//
// Shutdown does not close the http.Server: call its Shutdown afterwards.
func (s *Server) Shutdown(ctx context.Context) error {
	if s.closing.Swap(true) {
		return ErrServerClosed
	}
	s.turns.Close()
	s.releases.Close()
	s.recorders.Close()
	s.writers.Close()
	s.closeRooms(ctx)
	s.closeClients(ctx)
	err := s.arriving.wait(ctx) // those that were admitted just before get their close, too
	if err == nil {
		err = s.connected.wait(ctx)
	}
	if err != nil {
		for _, conn := range s.connected.all() {
			_ = conn.ws.CloseNow()
		}
		return err
	}
	s.postClose() // to what opened while the others closed
	if err := s.openRooms.wait(ctx); err != nil {
		return err
	}
	if err := s.closeRecordings(ctx); err != nil {
		return err
	}
	return s.closeEngine(ctx)
}

// shuttingDown is what clients are told.
const shuttingDown = "the server is shutting down"

func (s *Server) postClose() {
	for a := range s.rooms.all() {
		_ = a.post(&item{entry: room.Entry{Kind: room.KindClose, Flags: room.FlagShutdown}}) // it may have closed
	}
}

// closeRooms waits for the rooms, at most half of the time there is: a handler
// that blocks must not keep the clients from being told.
func (s *Server) closeRooms(ctx context.Context) {
	s.postClose()
	if deadline, ok := ctx.Deadline(); ok {
		half, cancel := context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
		ctx = half
	}
	if s.openRooms.wait(ctx) != nil {
		s.log.Warn("rooms are still busy at shutdown")
	}
}

func (s *Server) closeClients(ctx context.Context) {
	for _, conn := range s.awaitingHello.all() {
		if conn.hello.Stop() {
			conn.reject(protocol.CloseGoingAway, shuttingDown)
		}
	}
	clients := make([]*Client, 0, s.clients.len())
	for c := range s.clients.all() {
		clients = append(clients, c)
	}
	spread := time.Duration(len(clients)) * time.Second / drainRate
	if deadline, ok := ctx.Deadline(); ok {
		spread = min(spread, time.Until(deadline)/2)
	}
	started := time.Now()
	for i, c := range clients {
		pause(ctx, time.Until(started.Add(spread*time.Duration(i)/time.Duration(len(clients)))))
		c.end(ending{why: LeaveReasonDropped, code: protocol.CloseGoingAway, reason: shuttingDown})
		c.connection.Load().out.Close(uint16(protocol.CloseGoingAway), shuttingDown)
	}
}

// pause sleeps for d unless that is too short to matter.
func pause(ctx context.Context, d time.Duration) {
	if d < 5*time.Millisecond {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
