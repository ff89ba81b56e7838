package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/load"
	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/report"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// benchCommand is `simplysocket bench`. What it measures must not depend on the
// environment, so only secrets may come from there.
type benchCommand struct {
	URL   string `arg:"" name:"url" help:"Address of the server or of its page: ws, wss, http or https; ws if there is no scheme, and /ws if there is no path."`
	Token string `placeholder:"TOKEN" help:"Authenticate every client with this bearer token."`
	TLSCA string `name:"tls-ca" placeholder:"FILE" help:"Trust the certificates in this file too, in PEM."`

	Clients  int           `group:"Load:" env:"-" default:"100" help:"Clients that connect."`
	Rooms    int           `group:"Load:" env:"-" default:"10" help:"Rooms, over which the clients are spread evenly."`
	Rate     float64       `group:"Load:" env:"-" default:"100" help:"Messages per second, over all clients. Every member of the room receives each; 0 sends none."`
	Body     int           `group:"Load:" env:"-" default:"128" help:"Bytes of a message's body."`
	Ramp     time.Duration `group:"Load:" env:"-" default:"2s" help:"Time over which the clients connect."`
	Warmup   time.Duration `group:"Load:" env:"-" default:"1s" help:"How long to send messages that do not count."`
	Duration time.Duration `group:"Load:" env:"-" default:"10s" help:"How long to send messages that count."`
	Grace    time.Duration `group:"Load:" env:"-" default:"20s" help:"How long to wait for missing deliveries after the last message; then they are lost."`
	DropRate float64       `group:"Load:" env:"-" default:"0" help:"Connections to break on purpose per second, over all clients."`
	Room     string        `group:"Load:" env:"-" default:"bench-{run}-{room}" placeholder:"PATTERN" help:"Names of the rooms: {run} differs in each run, {room} is the room's number. Default: ${default}."`
	Action   string        `group:"Load:" env:"-" default:"bench" help:"Action of the messages."`
	Seed     uint64        `group:"Load:" env:"-" default:"0" help:"Seed for who sends when and whose connection breaks; 0 is a new one each time."`

	JSON string `name:"json" group:"Reports:" env:"-" placeholder:"FILE" help:"Write the result as JSON; - is standard output, and the text goes to standard error."`
	HTML string `name:"html" group:"Reports:" env:"-" placeholder:"FILE" help:"Write a page with charts."`

	thresholds `embed:""`
}

// Help implements [kong.HelpProvider].
func (c *benchCommand) Help() string {
	return "Clients join rooms and send to them. The tool follows every message to every member of its room, and counts those that are lost or come twice." +
		" Messages are sent on schedule, however slow the answers are, and latency counts from the scheduled time." +
		" The exit status is 1 if a threshold is broken or nothing could be measured. Ctrl-C ends the run early, with its result."
}

// Validate checks what the flags' types do not.
func (c *benchCommand) Validate() error {
	for _, f := range []struct {
		name         string
		value, least float64
		text         string // the text of least
	}{
		{"clients", float64(c.Clients), 1, "1"},
		{"rooms", float64(c.Rooms), 1, "1"},
		{"rate", c.Rate, 0, "0"},
		{"ramp", float64(c.Ramp), 0, "0"},
		{"warmup", float64(c.Warmup), 0, "0"},
		{"duration", float64(c.Duration), float64(minDuration), minDuration.String()},
		{"grace", float64(c.Grace), 0, "0"},
		{"drop-rate", c.DropRate, 0, "0"},
	} {
		if !(f.value >= f.least) || math.IsInf(f.value, 0) {
			return fmt.Errorf("--%s must be at least %s", f.name, f.text)
		}
	}
	switch {
	case c.Rooms > c.Clients:
		return errors.New("--rooms must not be more than --clients")
	case c.Body < load.MinBody || c.Body > maxBody:
		return fmt.Errorf("--body must be from %d to %d", load.MinBody, maxBody)
	case c.Warmup+c.Duration > maxDuration:
		return fmt.Errorf("--duration and --warmup must be at most %s", maxDuration)
	case c.HTML == stdout:
		return errors.New("--html needs the name of a file")
	case c.Rooms > 1 && !strings.Contains(c.Room, "{room}"):
		return errors.New("--room needs {room} to tell rooms apart")
	case protocol.ServerAction(c.Action) || protocol.ReservedAction(c.Action):
		return fmt.Errorf("--action %q belongs to the protocol", c.Action)
	}
	if err := protocol.ValidAction(c.Action); err != nil {
		return fmt.Errorf("--action %q: %w", c.Action, err)
	}
	if err := protocol.ValidName(load.RoomName(c.Room, "run", c.Rooms)); err != nil {
		return fmt.Errorf("--room %q: %w", c.Room, err)
	}
	settings := c.settings()
	return errors.Join(settings.Check(), c.thresholds.check())
}

const (
	maxBody     = 1 << 20
	minDuration = time.Millisecond
	maxDuration = 12 * time.Hour
)

func (c *benchCommand) settings() load.Settings {
	return load.Settings{
		Clients:  c.Clients,
		Rooms:    c.Rooms,
		Rate:     c.Rate,
		Body:     c.Body,
		Ramp:     c.Ramp,
		Warmup:   c.Warmup,
		Duration: c.Duration,
		Grace:    c.Grace,
		DropRate: c.DropRate,
		Seed:     c.Seed,
		Room:     c.Room,
		Action:   c.Action,
		Token:    c.Token,
	}
}

// Run measures, reports, and checks the thresholds.
func (c *benchCommand) Run(ctx context.Context, s streams) error {
	settings := c.settings()
	var err error
	if settings.URL, err = webSocketURL(c.URL); err != nil {
		return usageError{err}
	}
	if c.TLSCA != "" {
		roots, err := trusting(c.TLSCA)
		if err != nil {
			return err
		}
		settings.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	if settings.Seed == 0 {
		settings.Seed = rand.Uint64N(1<<53-1) + 1 // every JSON parser keeps this number exactly
	}
	if err := c.checkFiles(); err != nil {
		return err
	}
	run := load.New(settings)
	stop := display(run, s.err)
	result, err := run.Do(ctx)
	stop()
	if err != nil {
		return err
	}
	r := report.New(result, version(), c.judge(result))
	if err := c.write(r, s); err != nil {
		return err
	}
	return r.Err()
}
