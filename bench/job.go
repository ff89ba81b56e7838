//go:build linux

package main

import (
	"fmt"

	"github.com/DhruvikDonga/simplysocket/bench/generator"
)

// job is what all candidates do.
type job struct {
	name, about string
	unit        string // the measure that candidates are compared by
	config      config
	rooms, size int
	lobby       bool // the clients join no room
	tls         bool
	batch, body int
	rate        float64 // messages per second, over all rooms
	takesPart   func(*candidate) bool
	variants    func([]candidate) []candidate // instead of the candidates
	measure     func(*stage) error
}

// The measures.
const (
	perDelivery    = "CPU ns/delivery"
	deliveryRate   = "deliveries/s"
	p50            = "p50 us"
	p99            = "p99 us"
	lostShare      = "lost %"
	doubled        = "doubled"
	serverLoad     = "server %"
	generatorLoad  = "generator %"
	wireBytes      = "B/delivery"
	resident       = "RSS B/connection"
	residentBefore = "RSS before GC"
	heapBytes      = "heap B/connection"
	stackBytes     = "stack B/connection"
	kernelBytes    = "kernel B/connection"
	perUpgrade     = "CPU us/upgrade"
	upgradeRate    = "upgrades/s"
	perReturn      = "CPU us/session"
	returnTime     = "s until all are back"
	missing        = "missing"
	slowRatio      = "p99 with/without"
	messageRate    = "messages/s"
)

// jobs are all of them. A room of 1,000 gets 40 messages per second at a fixed rate: the
// slowest candidates need three quarters of a processor for that.
func jobs() []job {
	return []job{
		{
			name: "room-1000", about: "one room of 1,000: each message is sent when all have received the one before it",
			unit: perDelivery, rooms: 1, size: 1000, batch: 1, body: 128, measure: talk,
		},
		{
			name: "room-1000-rate", about: "one room of 1,000, 40 messages a second",
			unit: perDelivery, rooms: 1, size: 1000, batch: 1, body: 128, rate: 40, measure: pace,
		},
		{
			name: "room-1000-burst", about: "one room of 1,000, 16 messages at once: the next 16 when all have received these",
			unit: perDelivery, rooms: 1, size: 1000, batch: 16, body: 128, measure: talk,
		},
		{
			name: "writes", about: "the floor alone: one room of 1,000, 1 to 16 frames with each write",
			unit: perDelivery, rooms: 1, size: 1000, batch: 1, body: 128, variants: writes, measure: talk,
		},
		{
			name: "rooms-4-rate", about: "500 rooms of 4, 10,000 messages a second",
			unit: perDelivery, rooms: 500, size: 4, batch: 1, body: 128, rate: 10_000, measure: pace,
		},
		{
			name: "rooms-4-limit", about: "500 rooms of 4, each message sent when all have received the one before it",
			unit: deliveryRate, rooms: 500, size: 4, batch: 1, body: 128, measure: talk,
		},
		{
			name: "rooms-4-half", about: "500 rooms of 4, half as many messages as gorilla can handle: latency",
			unit: p99, rooms: 500, size: 4, batch: 1, body: 128, measure: half,
		},
		{
			name: "rooms-4-flush", about: "500 rooms of 4, 40,000 messages a second, a tick of 50 ms",
			unit: serverLoad, config: config{FlushMS: 50}, rooms: 500, size: 4, batch: 1, body: 128, rate: 40_000,
			takesPart: func(c *candidate) bool { return c.Name == ours || c.Name == "centrifuge-tuned" }, measure: pace,
		},
		{
			name: "processors", about: "500 rooms of 4, 10,000 messages a second, with one processor and with two",
			unit: perDelivery, rooms: 500, size: 4, batch: 1, body: 128, rate: 10_000, variants: processors, measure: pace,
		},
		{
			name: "collection", about: "500 rooms of 4, 10,000 messages a second, with garbage collection at the default rate and less often",
			unit: perDelivery, rooms: 500, size: 4, batch: 1, body: 128, rate: 10_000, variants: collections, measure: pace,
		},
		{
			name: "room-10000", about: "one room of 10,000, 4 messages a second",
			unit: perDelivery, rooms: 1, size: 10_000, batch: 1, body: 128, rate: 4, measure: pace,
		},
		{
			name: "ticks", about: "100 rooms of 10 with 30 ticks a second; every member sends an input as often",
			unit: perDelivery, config: config{TickMS: 33}, rooms: 100, size: 10, body: 256, rate: 30_000, takesPart: coded, measure: pace,
		},
		{
			name: "body-1k", about: "one room of 1,000, 40 messages of 1 KiB a second",
			unit: perDelivery, rooms: 1, size: 1000, batch: 1, body: 1 << 10, rate: 40, measure: pace,
		},
		{
			name: "body-16k", about: "one room of 100, 100 messages of 16 KiB a second",
			unit: perDelivery, rooms: 1, size: 100, batch: 1, body: 16 << 10, rate: 100, measure: pace,
		},
		{
			name: "deflate", about: "one room of 1,000, 10 messages of 1 KiB a second, with permessage-deflate",
			unit: perDelivery, config: config{Deflate: true}, rooms: 1, size: 1000, batch: 1, body: 1 << 10, rate: 10, takesPart: servers, measure: pace,
		},
		{
			name: "tls", about: "one room of 1,000, 40 messages a second, with TLS 1.3",
			unit: perDelivery, rooms: 1, size: 1000, batch: 1, body: 128, rate: 40, tls: true, takesPart: servers, measure: pace,
		},
		{
			name: "slow-member", about: "one room of 100, messages of 16 KiB, with a member that never reads",
			unit: slowRatio, rooms: 1, size: 100, batch: 1, body: 16 << 10, takesPart: servers, measure: slow,
		},
		{
			name: "connect", about: "5,000 clients connect, 50 at a time",
			unit: perUpgrade, rooms: 1, size: 5000, lobby: true, takesPart: coded, measure: connect,
		},
		{
			name: "reconnect", about: "2,000 clients in 50 rooms lose their connections, miss 10 messages, and reconnect",
			unit: perReturn, config: config{Resume: true}, rooms: 50, size: 41, batch: 1, body: 128,
			takesPart: func(c *candidate) bool {
				return c.Name == sessions || c.Name == "centrifuge" || c.Name == "socket.io"
			},
			measure: reconnect,
		},
		{
			name: "idle-10000", about: "10,000 clients that say nothing",
			unit: resident, rooms: 1, size: 10_000, lobby: true, takesPart: coded, measure: idle,
		},
		{
			name: "idle-19000", about: "19,000 clients that say nothing",
			unit: resident, rooms: 1, size: 19_000, lobby: true, takesPart: coded, measure: idle,
		},
	}
}

// servers are the candidates that somebody could use.
func servers(c *candidate) bool { return !c.isFloor() }

// coded are those of them whose rooms have code, for jobs in which that makes a
// difference, or none at all.
func coded(c *candidate) bool { return servers(c) && c.Name != relayed }

// writes is the floor of bytes with increasing numbers of frames per write.
func writes(all []candidate) (variants []candidate) {
	floor, ok := find(all, bytesFloor)
	if !ok {
		return nil
	}
	for _, v := range []struct {
		name  string
		batch int
	}{{"1 frame", 1}, {"2 frames", 2}, {"4 frames", 4}, {"8 frames", 8}, {"16 frames", 16}} {
		variants = append(variants, floor.variant(v.name, func(c *candidate) { c.batch = v.batch }))
	}
	return variants
}

// processors is SimplySocket on one processor and on two, one of which it shares with the
// generator.
func processors(all []candidate) []candidate {
	us, ok := find(all, ours)
	if !ok {
		return nil
	}
	return []candidate{
		us.variant("GOMAXPROCS=1", func(c *candidate) { c.processors = 1 }),
		us.variant("GOMAXPROCS=2", func(c *candidate) { c.processors = 2 }),
	}
}

// collections are SimplySocket and gorilla with heaps that grow to twice the memory in
// use before a collection, the default, and to five times.
func collections(all []candidate) (variants []candidate) {
	for _, name := range []string{ours, "gorilla"} {
		c, ok := find(all, name)
		if !ok {
			continue
		}
		for _, percent := range []int{100, 400} {
			variants = append(variants, c.variant(fmt.Sprintf("%s, GOGC=%d", name, percent), func(c *candidate) { c.gogc = percent }))
		}
	}
	return variants
}

// dialling is the job's clients.
func (j *job) dialling(s *stage) generator.Dialling {
	return generator.Dialling{
		Address: s.server.address,
		Dialect: s.candidate.dialect,
		Rooms:   j.rooms,
		Size:    j.size,
		Lobby:   j.lobby,
		Ticked:  j.config.TickMS > 0,
		Resumes: j.config.Resume,
		TLS:     j.tls,
		Deflate: j.config.Deflate,
	}
}

// takers are the candidates that do the job.
func (j *job) takers(all []candidate) []candidate {
	if j.variants != nil {
		return j.variants(all)
	}
	var takers []candidate
	for _, c := range all {
		if j.takesPart == nil && !(c.Name == bytesFloor && j.batch == 0) || j.takesPart != nil && j.takesPart(&c) {
			takers = append(takers, c)
		}
	}
	return takers
}
