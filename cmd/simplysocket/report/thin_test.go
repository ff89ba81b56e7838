package report

import (
	"testing"

	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/load"
)

func TestThin(t *testing.T) {
	var samples []load.Sample
	for i := range 5 {
		samples = append(samples, load.Sample{At: float64(i), Sent: float64(i), Delivered: 10, Connected: int64(i), Drops: 4, Reconnects: 2})
	}
	samples[2].P99, samples[3].P99 = ms(7), ms(5)
	if got := thin(samples, 5); len(got) != 5 || got[1] != samples[1] {
		t.Errorf("samples that fit are changed: %+v", got)
	}
	got := thin(samples, 3)
	if len(got) != 3 {
		t.Fatalf("%d samples", len(got))
	}
	if s := got[1]; s.P99 == nil || *s.P99 != 7 || s.P50 != nil {
		t.Errorf("the worst p99 of 7 and 5 is %v", s.P99)
	}
	got[1].P99 = nil
	for i, want := range []load.Sample{
		{At: 1, Sent: 0.5, Delivered: 10, Connected: 1, Drops: 8, Reconnects: 4},
		{At: 3, Sent: 2.5, Delivered: 10, Connected: 3, Drops: 8, Reconnects: 4},
		{At: 4, Sent: 4, Delivered: 10, Connected: 4, Drops: 4, Reconnects: 2},
	} {
		if got[i] != want {
			t.Errorf("sample %d is %+v, want %+v", i, got[i], want)
		}
	}
}
