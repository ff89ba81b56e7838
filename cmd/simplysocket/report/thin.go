package report

import "github.com/DhruvikDonga/simplysocket/cmd/simplysocket/load"

// thin joins consecutive samples until there are no more than a chart has room for. Rates
// become their mean, counts their sum, and latencies their worst.
func thin(samples []load.Sample, most int) []load.Sample {
	size := (len(samples) + most - 1) / most
	if size <= 1 {
		return samples
	}
	var joined []load.Sample
	for len(samples) > 0 {
		n := min(size, len(samples))
		joined = append(joined, join(samples[:n]))
		samples = samples[n:]
	}
	return joined
}

func join(samples []load.Sample) load.Sample {
	all, n := samples[len(samples)-1], len(samples)
	for _, s := range samples[:n-1] {
		all.Sent += s.Sent
		all.Delivered += s.Delivered
		all.Drops += s.Drops
		all.Reconnects += s.Reconnects
		all.P50, all.P99 = worse(all.P50, s.P50), worse(all.P99, s.P99)
	}
	all.Sent /= float64(n)
	all.Delivered /= float64(n)
	return all
}

// worse is the longer of two times, each of which may be missing.
func worse(a, b *load.Milliseconds) *load.Milliseconds {
	if a == nil || b != nil && *b > *a {
		return b
	}
	return a
}
