package load

import (
	"math"
	"time"
)

// cpuMeter measures the CPU time of the process while it sends messages that count.
type cpuMeter struct {
	began time.Time
	from  time.Duration // of CPU
	wall  time.Duration
	cpu   time.Duration
}

func (m *cpuMeter) start() { m.began, m.from = time.Now(), cpuTime() }

func (m *cpuMeter) stop() { m.wall, m.cpu = time.Since(m.began), cpuTime()-m.from }

// percent is relative to one processor.
func (m *cpuMeter) percent() float64 {
	if m.wall <= 0 {
		return 0
	}
	return math.Round(1000*m.cpu.Seconds()/m.wall.Seconds()) / 10
}
