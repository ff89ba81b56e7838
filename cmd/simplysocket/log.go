package main

import (
	"io"
	"log/slog"
	"strings"
)

// logger returns the logger that the flags describe.
func (c *serveCommand) logger(w io.Writer) *slog.Logger {
	o := slog.HandlerOptions{ReplaceAttr: nameFlag}
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // kong accepts names of levels only
	o.Level = level
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, &o))
	}
	return slog.New(slog.NewTextHandler(w, &o))
}

// nameFlag names the flag to set where the library names the option.
func nameFlag(_ []string, a slog.Attr) slog.Attr {
	if a.Key != "option" {
		return a
	}
	option, value, _ := strings.Cut(a.Value.String(), "=")
	flag, ok := flagOf[option]
	if !ok {
		return a
	}
	return slog.String("flag", strings.TrimSuffix(flag+" "+value, " "))
}

// flagOf maps the names of options to the flags that set them.
var flagOf = map[string]string{
	"Origins":              "--origin",
	"TrustedProxies":       "--trusted-proxy",
	"MaxMessageBytes":      "--read-limit",
	"MaxRoomsPerClient":    "--max-rooms-per-client",
	"MaxClients":           "--max-clients",
	"MaxClientsPerAddress": "--max-clients-per-address",
	"MessageRate":          "--rate",
	"MessageBurst":         "--burst",
	"ResumeWindow":         "--resume-window",
	"HistoryMessages":      "--history-messages",
	"HistoryBytes":         "--history-bytes",
	"HistoryAge":           "--history-age",
	"HeartbeatInterval":    "--heartbeat",
}
