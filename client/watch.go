package client

import (
	"errors"
	"time"
)

// looks is how often in an interval the watch looks whether anything came.
const looks = 4

var errSilent = errors.New("client: nothing came from the server for two heartbeat intervals")

// watch gives the connection up when it has been silent for too long. While the
// reader itself is held, pings go unanswered; a pong that nobody asked for (RFC
// 6455 section 5.5.3) tells the server in their place that we live.
func (l *link) watch(heartbeat time.Duration) {
	ticker := time.NewTicker(max(heartbeat/looks, time.Millisecond))
	defer ticker.Stop()
	silent := 0
	for {
		select {
		case <-ticker.C:
		case <-l.ctx.Done():
			return
		}
		switch {
		case l.ws.TakeActive():
			silent = 0
		case l.held.Load():
			silent = 0
			_ = l.ws.WritePong(nil) // Read finds out
		default:
			silent++
		}
		if silent >= 2*looks {
			l.giveUp(errSilent)
			return
		}
	}
}
