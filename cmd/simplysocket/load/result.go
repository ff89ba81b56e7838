package load

import (
	"math"
	"net/url"
	"runtime"
)

// Result is the result of a run. Its JSON form is stable: names stay, and new ones may be
// added.
type Result struct {
	Load        Load        `json:"load"`
	Interrupted bool        `json:"interrupted"`
	Measured    float64     `json:"measured_s"` // how long messages were sent that count
	Messages    Messages    `json:"messages"`
	Deliveries  Deliveries  `json:"deliveries"`
	Latency     Quantiles   `json:"latency"`
	Curve       []Point     `json:"latency_curve"`
	Connections Connections `json:"connections"`
	Failures    []Failure   `json:"failures"`
	Tool        Tool        `json:"tool"`
	Series      []Sample    `json:"series"`
}

// Load is the requested load.
type Load struct {
	URL      string  `json:"url"`
	Run      string  `json:"run"`
	Clients  int     `json:"clients"`
	Rooms    int     `json:"rooms"`
	Room     string  `json:"room"`
	Action   string  `json:"action"`
	Rate     float64 `json:"rate_per_s"`
	Body     int     `json:"body_bytes"`
	Ramp     float64 `json:"ramp_s"`
	Warmup   float64 `json:"warmup_s"`
	Duration float64 `json:"duration_s"`
	Grace    float64 `json:"grace_s"`
	DropRate float64 `json:"drop_rate_per_s"`
	Seed     uint64  `json:"seed"`
}

// Messages are those that count, by the outcome that the sender knows.
type Messages struct {
	Due     int     `json:"due"`
	Handled int     `json:"handled"`
	Refused int     `json:"refused"`
	Unknown int     `json:"unknown"`
	Unsent  int     `json:"unsent"`
	Rate    float64 `json:"handled_per_s"`
}

// Deliveries are those of the handled messages, to every member of the room.
type Deliveries struct {
	Expected   int64   `json:"expected"`
	Delivered  int64   `json:"delivered"`
	Share      float64 `json:"delivered_percent"` // 0 if nothing was expected
	Lost       int64   `json:"lost"`
	LostTold   int64   `json:"lost_told"` // of those lost, how many the server reported
	Doubled    int64   `json:"doubled"`
	OutOfOrder int64   `json:"out_of_order"`
	Unexpected int64   `json:"unexpected"` // of messages that were refused
	Foreign    int64   `json:"foreign"`    // messages that are not of this run
	Gaps       int64   `json:"gaps"`       // reported by the server
	Rate       float64 `json:"delivered_per_s"`
}

// Connections are those of the clients.
type Connections struct {
	Connected    int       `json:"connected"` // clients that got into their room
	Connect      Quantiles `json:"connect"`   // time until then
	Drops        int64     `json:"drops"`
	Reconnects   int64     `json:"reconnects"`
	LostSessions int64     `json:"lost_sessions"` // reconnects without the earlier session
	Away         Quantiles `json:"away"`          // from a broken connection to the next
}

// Tool is how the load tool itself fared.
type Tool struct {
	CPU        float64   `json:"cpu_percent"` // of one processor, while messages were sent that count
	Processors int       `json:"processors"`
	Lag        Quantiles `json:"lag"` // how late messages were sent
	Warnings   []string  `json:"warnings"`
}

// result computes the result. The run is over except for its sessions.
func (r *Run) result(interrupted bool) *Result {
	a, c, s := r.audit(), &r.counts, &r.settings
	_, latency := r.latency.collect()
	_, lag := r.lag.collect()
	_, connect := r.connect.collect()
	_, away := r.away.collect()
	result := &Result{
		Load: Load{
			URL: redacted(s.URL), Run: r.name, Clients: s.Clients, Rooms: s.Rooms, Room: s.Room, Action: s.Action,
			Rate: s.Rate, Body: s.Body, DropRate: s.DropRate, Seed: s.Seed,
			Ramp: s.Ramp.Seconds(), Warmup: s.Warmup.Seconds(), Duration: s.Duration.Seconds(), Grace: s.Grace.Seconds(),
		},
		Interrupted: interrupted,
		Measured:    round(r.cpu.wall.Seconds()),
		Messages: Messages{
			Due: a.messages, Handled: a.handled, Refused: a.refused, Unknown: a.unknown, Unsent: a.unsent,
			Rate: perSecond(int64(a.handled), r.cpu.wall),
		},
		Deliveries: Deliveries{
			Expected: a.expected, Delivered: a.expected - a.lost, Share: share(a.expected-a.lost, a.expected),
			Lost: a.lost, LostTold: a.lostTold, Unexpected: a.unexpected,
			Doubled: c.doubled.Load(), OutOfOrder: c.disordered.Load(), Foreign: c.foreign.Load(), Gaps: c.gaps.Load(),
			Rate: perSecond(a.expected-a.lost, r.cpu.wall),
		},
		Latency: latency,
		Curve:   r.latency.curve(),
		Connections: Connections{
			Connected: len(r.members), Connect: connect, Drops: c.drops.Load(), Reconnects: c.reconnects.Load(),
			LostSessions: c.lostSessions.Load(), Away: away,
		},
		Failures: r.failures.list(),
		Tool:     Tool{CPU: r.cpu.percent(), Processors: runtime.GOMAXPROCS(0), Lag: lag},
	}
	r.series.mu.Lock()
	defer r.series.mu.Unlock()
	result.Series = append([]Sample{}, r.series.samples...)
	result.Tool.Warnings = r.warnings(result)
	return result
}

// redacted is a URL without its password.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Redacted()
}

// share is a percentage that is 100 only if nothing is missing.
func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	percent := round(100 * float64(part) / float64(whole))
	if part < whole {
		percent = min(percent, 99.999)
	}
	return percent
}

func round(x float64) float64 { return math.Round(x*1000) / 1000 }
