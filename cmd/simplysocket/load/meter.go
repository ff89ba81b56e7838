package load

import (
	"math"
	"time"
)

// meter measures what the process takes while it sends messages that count.
type meter struct {
	began time.Time
	from  time.Duration // of CPU
	wall  time.Duration
	cpu   time.Duration
}

func (m *meter) start() { m.began, m.from = time.Now(), cpuTime() }

func (m *meter) stop() { m.wall, m.cpu = time.Since(m.began), cpuTime()-m.from }

// percent is of one processor.
func (m *meter) percent() float64 {
	if m.wall <= 0 {
		return 0
	}
	return math.Round(1000*m.cpu.Seconds()/m.wall.Seconds()) / 10
}
