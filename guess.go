package simplysocket

import (
	"sync"
	"time"
)

// guesses limits wrong passwords by the [network] they come from: by client would
// not do, since a new connection is a new client.
type guesses struct {
	mu        sync.Mutex
	byAddress map[string]guess
	swept     time.Time
}

type guess struct {
	wrong int
	since time.Time
}

// maxGuesses is how many wrong passwords an address may try in guessWindow.
const (
	maxGuesses  = 10
	guessWindow = time.Minute
)

func (g *guesses) allow(address string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	seen, ok := g.byAddress[address]
	return !ok || seen.wrong < maxGuesses || time.Since(seen.since) > guessWindow
}

func (g *guesses) failed(address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.sweep(now)
	seen := g.byAddress[address]
	if now.Sub(seen.since) > guessWindow {
		seen = guess{since: now}
	}
	if len(g.byAddress) >= maxGuessers && seen.wrong == 0 {
		for other := range g.byAddress { // any: a network that tries again is counted again
			delete(g.byAddress, other)
			break
		}
	}
	seen.wrong++
	g.byAddress[address] = seen
}

// maxGuessers bounds the networks that are remembered.
const maxGuessers = 1 << 16

// sweep forgets the addresses whose window is over, at most once a window.
func (g *guesses) sweep(now time.Time) {
	if g.byAddress == nil {
		g.byAddress = map[string]guess{}
	}
	if now.Sub(g.swept) < guessWindow {
		return
	}
	g.swept = now
	for address, seen := range g.byAddress {
		if now.Sub(seen.since) > guessWindow {
			delete(g.byAddress, address)
		}
	}
}
