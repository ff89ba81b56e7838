package simplysocket

import (
	"errors"
	"math"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/DhruvikDonga/simplysocket/internal/room"
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

// framesPerMessage is how many frames a client may send for each message it may send: a
// message of 64 KiB in fragments of 4 KiB needs 16.
const framesPerMessage = 20

// frameLimit limits what costs the server less than a message but more than nothing: empty
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

// helloBytes is the size of the hello of a client that is in as many rooms as it may be
// in.
func (o *Options) helloBytes() int64 {
	const room = len(`"":[,],`) + 128 + 2*16
	return min(512+int64(o.MaxRoomsPerClient)*int64(room), 1<<20)
}

// leastOutbox is the smallest number of messages that an outbox holds: one request may
// cause several, as a join causes its answer, `joined-room` and announcements.
const leastOutbox = 16

// envelopeBytes is the largest size of an envelope without its body.
const envelopeBytes = 1 << 10

// largestMessage is the largest message of a client once it is forwarded, or of the
// protocol itself, such as a page of a list.
func (o *Options) largestMessage() int {
	return max(o.MaxMessageBytes, 2*room.PageBytes) + envelopeBytes
}

// allowed charges a message to the client's rate, before anything else is done for it.
func (c *Client) allowed(env *protocol.Envelope) bool {
	q := c.rate()
	if q == nil || q.taken.Allow() || c.waitFor(q.taken.Allow) {
		return true
	}
	if c.connection.Load().gaveUp {
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

// mayAsk charges a join that came with the handshake to the client's rate.
func (c *Client) mayAsk() error {
	if q := c.rate(); q != nil && !q.taken.Allow() {
		c.srv.stats.rateLimited.Add(1)
		return errTooFast
	}
	return nil
}

// rate returns the client's quota, or nil if there is no limit.
func (c *Client) rate() *quota {
	if c.srv.opts.MessageRate >= Unlimited {
		return nil
	}
	if c.quota == nil {
		c.quota = c.srv.opts.newQuota()
	}
	return c.quota
}

func perSecond(n int) *rate.Limiter { return rate.NewLimiter(rate.Limit(n), n) }

// freeMembers is the size of a room up to which the message rate alone keeps a client
// within its deliveries.
func (o *Options) freeMembers() int {
	if o.MessageRate >= Unlimited || o.ClientDeliveriesPerSecond >= Unlimited {
		return math.MaxInt
	}
	return int(min(float64(o.ClientDeliveriesPerSecond)/max(o.MessageRate, 1), Unlimited))
}

// account is a budget of deliveries per second. What a message causes is known only once
// its room has handled it. So the door sets aside the cost of one broadcast, and the
// account pays the actual cost when the output is released.
type account struct {
	limiter *rate.Limiter
	pending atomic.Int64 // set aside for messages that are not handled yet
}

// reserve reports whether n deliveries could be set aside.
func (a *account) reserve(n int) bool {
	if a.pending.Add(int64(n)) <= int64(a.limiter.Tokens()) {
		return true
	}
	a.pending.Add(-int64(n))
	return false
}

// settle pays what was used and frees what was reserved. It may leave a debt.
func (a *account) settle(reserved, used int) {
	now := time.Now()
	for part := a.limiter.Burst(); used > 0; used -= part {
		a.limiter.ReserveN(now, min(used, part))
	}
	a.pending.Add(-int64(reserved))
}

// charge is what was set aside for a message.
type charge struct {
	account *account // of the client; nil: the message is free
	shared  *account // of all clients, in the lobby
	n       int
}

// settle ends a charge with what the message has caused.
func (c charge) settle(deliveries int) {
	if c.account == nil {
		return
	}
	c.account.settle(c.n, deliveries)
	if c.shared != nil {
		c.shared.settle(c.n, deliveries)
	}
}

// deliveries are the accounts of a client, made when they are first needed.
type deliveries struct {
	lobby, rooms atomic.Pointer[account]
}

// lobbyParts is the smallest number of clients that can use up the lobby's deliveries:
// each may use one part, if there are so many.
const lobbyParts = 4

// reserve sets aside the cost of a message from the client to a room. In the lobby, which
// holds every client of the node, each client has a share; elsewhere only large rooms cost
// anything.
func (c *Client) reserve(a *actor) (charge, error) {
	members := a.info.Load().Members
	var own, shared *account
	switch o := &c.srv.opts; {
	case a.isLobby:
		own, shared = accountOf(&c.deliveries.lobby, o.LobbyDeliveriesPerSecond), &c.srv.lobbyBudget
		if share := max(o.LobbyDeliveriesPerSecond/min(max(members, 1), lobbyParts), 1); own.limiter.Burst() != share {
			own.limiter.SetLimit(rate.Limit(share))
			own.limiter.SetBurst(share)
		}
	case members > c.srv.freeMembers:
		own = accountOf(&c.deliveries.rooms, o.ClientDeliveriesPerSecond)
	default:
		return charge{}, nil
	}
	n := min(members, own.limiter.Burst())
	switch {
	case !own.reserve(n):
		return charge{}, errTooManyDeliveries
	case shared != nil && !shared.reserve(n):
		own.settle(n, 0)
		return charge{}, errTooManyDeliveries
	}
	return charge{own, shared, n}, nil
}

var errTooManyDeliveries = newError(protocol.CodeRateLimited, "too many deliveries per second")

func accountOf(held *atomic.Pointer[account], perSec int) *account {
	if a := held.Load(); a != nil {
		return a
	}
	held.CompareAndSwap(nil, &account{limiter: perSecond(perSec)})
	return held.Load()
}
