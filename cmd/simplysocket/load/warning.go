package load

import (
	"fmt"
	"time"
)

// From here on the load tool itself is a part of what was measured.
const (
	muchLag = 10 * time.Millisecond // of a hundredth of the messages
	muchCPU = 85.0                  // percent of all processors
)

// warnings say what speaks against the numbers, or explains them.
func (r *Run) warnings(result *Result) []string {
	list := []string{}
	warn := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	t := result.Tool
	if lag := t.Lag.P99.Duration(); lag > muchLag {
		warn("a hundredth of the messages was handed over %s or more behind its time: the load tool is a bottleneck, and the latency is also its own", lag.Round(time.Millisecond))
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
		warn("each client is to send %.4g messages per second, and the server takes %.4g of a client: what is more waits", each, limits.MessagesPerSecond)
	}
	if result.Interrupted {
		warn("the run was ended before its time")
	}
	return list
}
