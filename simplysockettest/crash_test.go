package simplysockettest

import (
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
)

// TestExploreCrashes: where rooms can crash, Explore has them crash.
func TestExploreCrashes(t *testing.T) {
	before := crash
	defer func() { crash = before }()
	downs := map[time.Duration]int{}
	crash = func(r *Room, down time.Duration) {
		if r.Closed() {
			t.Error("a closed room crashes")
		}
		downs[down]++
	}
	Explore(t, "r", simplysocket.Relay, func(x *Exploration) { x.Runs(50) })
	if len(downs) != 3 {
		t.Errorf("%v", downs)
	}
}
