package load

import (
	"math"
	"time"
)

// cpuMeter measures what the process takes while it sends messages that count.
type cpuMeter struct {
	began time.Time
	from  time.Duration // of CPU
	wall  time.Duration
	cpu   time.Duration
}

func (m *cpuMeter) start() { m.began, m.from = time.Now(), cpuTime() }

func (m *cpuMeter) stop() { m.wall, m.cpu = time.Since(m.began), cpuTime()-m.from }

// percent is of one processor.
func (m *cpuMeter) percent() float64 {
	if m.wall <= 0 {
		return 0
	}
	return math.Round(1000*m.cpu.Seconds()/m.wall.Seconds()) / 10
}
