package load

import (
	"fmt"
	"time"
)

// Beyond these the load tool itself is part of what was measured.
const (
	muchLag = 10 * time.Millisecond // for one percent of the messages
	muchCPU = 85.0                  // percent of all processors
)

// warnings say what casts doubt on the numbers, or explains them.
func (r *Run) warnings(result *Result) []string {
	list := []string{}
	warn := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	t := result.Tool
	if lag := t.Lag.P99.Duration(); lag > muchLag {
		warn("one percent of the messages were sent %s or more late: the load tool is a bottleneck, and part of the latency is its own", lag.Round(time.Millisecond))
	}
	if all := 100 * float64(t.Processors); t.CPU > muchCPU/100*all {
		warn("the load tool used %.0f%% of %.0f%% CPU: it may be the bottleneck", t.CPU, all)
	}
	if n := result.Load.Clients - result.Connections.Connected; n > 0 {
		warn("%d of %d clients did not get into their room", n, result.Load.Clients)
	}
	if n := int64(len(r.members)) - r.counts.connected.Load() - r.counts.ended.Load(); n > 0 {
		warn("%d clients had no connection at the end", n)
	}
	limits := r.members[0].conn.Session().Limits
	if each := r.settings.Rate / float64(len(r.members)); limits.MessagesPerSecond > 0 && each > limits.MessagesPerSecond {
		warn("each client should send %.4g messages per second, but the server accepts %.4g per client: the rest waits", each, limits.MessagesPerSecond)
	}
	if result.Interrupted {
		warn("the run was ended early")
	}
	return list
}
