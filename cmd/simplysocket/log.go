package main

import (
	"io"
	"log/slog"
)

func (c *serveCommand) logger(w io.Writer) *slog.Logger {
	var o slog.HandlerOptions
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // kong lets in the names of levels only
	o.Level = level
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, &o))
	}
	return slog.New(slog.NewTextHandler(w, &o))
}
