package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/alecthomas/kong"

	"github.com/DhruvikDonga/simplysocket"
)

// serveCommand is `simplysocket serve`.
type serveCommand struct {
	Addr            string        `placeholder:"ADDRESS" help:"Listen on this host:port, or on a Unix socket, as in unix:/run/simplysocket.sock. Default: the port in $$PORT on every address, or 127.0.0.1:8080 if that is not set."`
	SocketMode      fileMode      `default:"660" help:"Permissions of a Unix socket's file, in octal."`
	ShutdownTimeout time.Duration `default:"10s" help:"After a signal, wait this long for clients to leave; 0 waits for all of them. A second signal ends the program at once."`
	Config          string        `placeholder:"FILE" help:"Read flags from a JSON object, such as {\"max-clients\": 1000}. Flags and environment override it."`

	Origin       []string  `group:"Security:" placeholder:"ORIGIN" help:"Let pages of this origin connect besides the server's own, as in https://*.example.com; \"*\" allows all. Repeatable."`
	TrustedProxy []network `group:"Security:" placeholder:"NETWORK" help:"Trust X-Forwarded-For from this address or network, as in 10.0.0.1 or 10.0.0.0/8. A proxy on a Unix socket is 127.0.0.1. Repeatable."`
	TLSCert      string    `group:"Security:" placeholder:"FILE" help:"Serve TLS with this certificate and its chain, in PEM."`
	TLSKey       string    `group:"Security:" placeholder:"FILE" help:"The certificate's private key, in PEM."`

	Heartbeat       time.Duration `group:"Sessions:" default:"25s" help:"Probe each connection at this interval. The timeouts of proxies must be longer."`
	ResumeWindow    time.Duration `group:"Sessions:" default:"30s" help:"Keep a session this long after its connection breaks, for its client to come back; 0 keeps none."`
	HistoryMessages limit         `group:"Sessions:" default:"128" help:"Messages that a room keeps for members that reconnect or ask for them; 0 means no limit."`
	HistoryBytes    limit         `group:"Sessions:" default:"65536" help:"Bytes of messages that a room keeps; 0 means no limit."`
	HistoryAge      time.Duration `group:"Sessions:" placeholder:"TIME" help:"How long a room keeps messages. Default: a minute more than --resume-window."`

	ReadLimit            limit   `group:"Limits (0 means none):" default:"65536" help:"Bytes per message of a client."`
	Rate                 float64 `group:"Limits (0 means none):" default:"200" help:"Messages per second and client."`
	Burst                limit   `group:"Limits (0 means none):" default:"400" help:"Messages that a client may send at once."`
	MaxClients           limit   `group:"Limits (0 means none):" default:"0" help:"Clients."`
	MaxClientsPerAddress limit   `group:"Limits (0 means none):" default:"0" help:"Clients per address."`
	MaxRoomsPerClient    limit   `group:"Limits (0 means none):" default:"100" help:"Rooms per client."`

	Compression                bool   `group:"Other:" help:"Compress messages for clients that offer it. It costs CPU."`
	CompressionContextTakeover bool   `group:"Other:" help:"With --compression: let clients compress with the context of earlier messages. It costs 32 KiB of memory per client. Clients that cannot turn it off need it, such as those of Tornado and Mojolicious."`
	LogLevel                   string `group:"Other:" enum:"debug,info,warn,error" default:"info" help:"Log from this level on: debug, info, warn or error. At debug it shows who connects, joins and leaves."`
	LogFormat                  string `group:"Other:" enum:"text,json" default:"text" help:"Log as text or json."`
}

// BeforeResolve makes kong take flags that are not given from the config file.
func (c *serveCommand) BeforeResolve(command *kong.Context) error {
	flags := command.Selected().Flags
	for _, f := range flags {
		if f.Name != configFlag {
			continue
		}
		path := command.FlagValue(f).(string)
		if path == "" {
			return nil
		}
		file, err := readConfig(path, flags)
		if err != nil {
			return err
		}
		command.AddResolver(file)
	}
	return nil
}

// Validate checks what the flags' types do not.
func (c *serveCommand) Validate() error {
	switch {
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("--tls-cert and --tls-key must be set together")
	case c.CompressionContextTakeover && !c.Compression:
		return errors.New("--compression-context-takeover needs --compression")
	case c.Rate < 0 || math.IsNaN(c.Rate):
		return errors.New("--rate must not be negative")
	case c.Heartbeat <= 0:
		return errors.New("--heartbeat must be more than 0")
	case c.ResumeWindow < 0:
		return errors.New("--resume-window must not be negative")
	case c.HistoryAge < 0:
		return errors.New("--history-age must not be negative")
	case c.ShutdownTimeout < 0:
		return errors.New("--shutdown-timeout must not be negative")
	}
	return nil
}

// options returns the library's options for the flags.
func (c *serveCommand) options(log *slog.Logger) *simplysocket.Options {
	o := &simplysocket.Options{
		Origins:                    c.Origin,
		HeartbeatInterval:          c.Heartbeat,
		ResumeWindow:               c.ResumeWindow,
		DisableResume:              c.ResumeWindow == 0,
		HistoryMessages:            c.HistoryMessages.option(),
		HistoryBytes:               c.HistoryBytes.option(),
		HistoryAge:                 c.HistoryAge,
		ClientInfo:                 true,
		MaxMessageBytes:            c.ReadLimit.option(),
		MaxRoomsPerClient:          c.MaxRoomsPerClient.option(),
		MaxClients:                 c.MaxClients.option(),
		MaxClientsPerAddress:       c.MaxClientsPerAddress.option(),
		MessageRate:                c.Rate,
		MessageBurst:               c.Burst.option(),
		Compression:                c.Compression,
		CompressionContextTakeover: c.CompressionContextTakeover,
		Logger:                     log,
		Trace:                      watch(log),
	}
	for _, n := range c.TrustedProxy {
		o.TrustedProxies = append(o.TrustedProxies, n.Prefix)
	}
	if c.Rate == 0 {
		o.MessageRate = simplysocket.Unlimited
	}
	return o
}

// Run serves until the context ends.
func (c *serveCommand) Run(ctx context.Context, s streams) error {
	log := c.logger(s.err)
	srv, err := simplysocket.New(c.options(log))
	var wrong *simplysocket.OptionError
	if errors.As(err, &wrong) && flagOf[wrong.Field] != "" {
		return usageError{fmt.Errorf("%s %s", flagOf[wrong.Field], wrong.Reason)}
	}
	if err != nil {
		return err
	}
	listener, err := c.listen()
	if err != nil {
		return err
	}
	var closing atomic.Bool
	server := simplysocket.NewHTTPServer(routes(srv, &closing))
	server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	log.Info("serving", listener.where()...)

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	log.Info("shutting down", "timeout", c.ShutdownTimeout.String())
	closing.Store(true)
	err = c.shutdown(srv, server)
	if ended := <-served; err == nil && !errors.Is(ended, http.ErrServerClosed) {
		err = ended
	}
	return err
}

// shutdown ends the clients first. Until they are gone, the HTTP server answers health
// checks that it is not ready.
func (c *serveCommand) shutdown(srv *simplysocket.Server, server *http.Server) error {
	ctx := context.Background()
	if c.ShutdownTimeout > 0 {
		limited, cancel := context.WithTimeout(ctx, c.ShutdownTimeout)
		defer cancel()
		ctx = limited
	}
	err := srv.Shutdown(ctx)
	if err == nil {
		err = server.Shutdown(ctx)
	}
	if err != nil {
		_ = server.Close() // the timeout is over already
		return fmt.Errorf("shutdown: not all connections ended in %s: %w", c.ShutdownTimeout, err)
	}
	return nil
}
