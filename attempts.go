package simplysocket

import (
	"sync"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// passwordAttempts counts wrong passwords by [network]. Counting by client would not help,
// because a new connection is a new client.
type passwordAttempts struct {
	mu        sync.Mutex
	byAddress map[string]attempts
	swept     time.Time
}

type attempts struct {
	wrong int
	since time.Time
}

// count returns how many wrong passwords a network has tried lately.
func (p *passwordAttempts) count(address string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen, ok := p.byAddress[address]
	if !ok || time.Since(seen.since) > room.GuessWindow {
		return 0
	}
	return seen.wrong
}

func (p *passwordAttempts) failed(address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.sweep(now)
	seen := p.byAddress[address]
	if now.Sub(seen.since) > room.GuessWindow {
		seen = attempts{since: now}
	}
	if len(p.byAddress) >= maxGuessers && seen.wrong == 0 {
		for other := range p.byAddress { // any: a network that tries again is counted again
			delete(p.byAddress, other)
			break
		}
	}
	seen.wrong++
	p.byAddress[address] = seen
}

// maxGuessers limits the networks that are remembered.
const maxGuessers = 1 << 16

// sweep forgets the networks whose window is over, at most once a window.
func (p *passwordAttempts) sweep(now time.Time) {
	if p.byAddress == nil {
		p.byAddress = map[string]attempts{}
	}
	if now.Sub(p.swept) < room.GuessWindow {
		return
	}
	p.swept = now
	for address, seen := range p.byAddress {
		if now.Sub(seen.since) > room.GuessWindow {
			delete(p.byAddress, address)
		}
	}
}
