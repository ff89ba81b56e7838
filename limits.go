package simplysocket

import (
	"errors"
	"math"
	"time"

	"golang.org/x/time/rate"

	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// What a client may cause is decided in this file, at the door of a room: frames,
// messages, deliveries. What one client uses up is its own.

// quota is how much a client may send. It belongs to the reading goroutine.
type quota struct {
	taken   *rate.Limiter
	refused *rate.Limiter // bounds what the other refuses
}

func (o *Options) newQuota() *quota {
	limiter := func() *rate.Limiter { return rate.NewLimiter(rate.Limit(o.MessageRate), o.MessageBurst) }
	return &quota{taken: limiter(), refused: limiter()}
}

// framesPerMessage is how many frames a client may send for each message that it may:
// a message of 64 KiB in fragments of 4 KiB needs 16.
const framesPerMessage = 20

// frameLimit bounds what costs the server less than a message, but not nothing: empty
// fragments, pings.
func (o *Options) frameLimit() *socket.FrameLimit {
	if o.MessageRate >= Unlimited {
		return nil
	}
	return &socket.FrameLimit{
		Rate:  max(o.MessageRate, 1) * framesPerMessage,
		Burst: uint32(min(max(o.MessageBurst, 100), math.MaxInt32/framesPerMessage) * framesPerMessage),
	}
}

// helloBytes is what the hello of a client in all rooms that it may be in takes.
func (o *Options) helloBytes() int64 {
	const room = len(`"":[,],`) + 128 + 2*16
	return min(512+int64(o.MaxRoomsPerClient)*int64(room), 1<<20)
}

// leastOutbox is how many messages an outbox takes at least: one request may have
// several, as a join has its answer, the room's welcome and the news of it.
const leastOutbox = 16

// largestMessage is the most that a message of a client takes once it is passed on, or
// one that the protocol makes, such as a page of a list.
func (o *Options) largestMessage() int { return max(o.MaxMessageBytes, 2*pageBytes) + envelopeBytes }

// allowed takes a message from the client's rate, before anything is done for it.
func (c *Client) allowed(env *protocol.Envelope) bool {
	q := c.rate()
	if q == nil || q.taken.Allow() || c.waitFor(q.taken.Allow) {
		return true
	}
	if c.link.Load().gaveUp {
		return false
	}
	c.srv.stats.rateLimited.Add(1)
	if !q.refused.Allow() {
		c.srv.log.Info("client floods", "client", c.id)
		c.disconnect(protocol.CloseFlooding, "too many messages")
		return false
	}
	err := newError(protocol.CodeRateLimited, "more than %g messages per second", c.srv.opts.MessageRate)
	if env.ID != 0 && env.ID <= c.lastID { // it may have an answer, which stands
		c.send(&protocol.Header{Action: protocol.ActionError, Ref: env.ID, Re: string(env.Action)}, errorBody(err))
		return false
	}
	c.lastID = max(c.lastID, env.ID)
	c.sendError(err, string(env.Action), env.ID)
	return false
}

// errTooFast is a request over the client's rate.
var errTooFast = errors.New("simplysocket: too many messages per second")

// mayAsk takes what a client asks for with its handshake from its rate.
func (c *Client) mayAsk() error {
	if q := c.rate(); q != nil && !q.taken.Allow() {
		c.srv.stats.rateLimited.Add(1)
		return errTooFast
	}
	return nil
}

// rate is the client's quota, or nil where there is none.
func (c *Client) rate() *quota {
	if c.srv.opts.MessageRate >= Unlimited {
		return nil
	}
	if c.quota == nil {
		c.quota = c.srv.opts.newQuota()
	}
	return c.quota
}

// deliveries is what the messages of a client may have delivered per second.
type deliveries struct {
	lobby, rooms *rate.Limiter
}

// lobbyParts is how many clients it takes at least to use the lobby's deliveries up:
// each may have one part, where there are so many.
const lobbyParts = 4

func perSecond(n int) *rate.Limiter { return rate.NewLimiter(rate.Limit(n), n) }

// freeMembers is how large a room may be for the message rate alone to keep a client
// within its deliveries.
func (o *Options) freeMembers() int {
	if o.MessageRate >= Unlimited || o.ClientDeliveries >= Unlimited {
		return math.MaxInt
	}
	return int(min(float64(o.ClientDeliveries)/max(o.MessageRate, 1), Unlimited))
}

// spend takes a broadcast from the deliveries of the client whose message is handled.
// In the lobby, which holds every client of the node, what its code sends of itself has
// a budget of its own; elsewhere it has none. What comes from outside the room has none
// anywhere: its sender is not waiting, and would not learn of a refusal.
func (r *Room) spend() error {
	var sender *Client
	outside := false
	if e := r.handling; e != nil {
		outside = e.kind == entryServer || e.kind == entryBroadcast
		if e.kind == entryMessage {
			sender = e.client
		}
	}
	s := r.srv
	switch {
	case outside:
		return nil
	case r.isLobby && sender == nil:
		return r.draw(s.lobbyOwn)
	case r.isLobby:
		own := sender.spending().lobby
		if share := max(s.opts.LobbyDeliveries/min(max(len(r.members), 1), lobbyParts), 1); own.Burst() != share {
			own.SetLimit(rate.Limit(share))
			own.SetBurst(share)
		}
		return r.draw(own, s.lobbyBudget)
	case sender == nil || len(r.members) <= s.freeMembers:
		return nil
	default:
		return r.draw(sender.spending().rooms)
	}
}

// spending is what the client has spent of its deliveries.
func (c *Client) spending() *deliveries {
	if own := c.deliveries.Load(); own != nil {
		return own
	}
	o := &c.srv.opts
	c.deliveries.CompareAndSwap(nil, &deliveries{lobby: perSecond(o.LobbyDeliveries), rooms: perSecond(o.ClientDeliveries)})
	return c.deliveries.Load()
}

// draw takes a broadcast to all members from each budget.
func (r *Room) draw(budgets ...*rate.Limiter) error {
	now := time.Now()
	for _, budget := range budgets {
		if !budget.AllowN(now, min(len(r.members), budget.Burst())) {
			return newError(protocol.CodeRateLimited, "too many deliveries per second")
		}
	}
	return nil
}
