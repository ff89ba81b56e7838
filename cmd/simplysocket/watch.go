package main

import (
	"context"
	"log/slog"

	"github.com/DhruvikDonga/simplysocket"
)

// watch logs who comes and goes, if the log shows that; otherwise it costs nothing.
func watch(log *slog.Logger) *simplysocket.Trace {
	if !log.Enabled(context.Background(), slog.LevelDebug) {
		return nil
	}
	return &simplysocket.Trace{
		Connect: func(i simplysocket.ConnectInfo) {
			log.Debug("client connected", "client", i.Client, "address", i.Address)
		},
		Disconnect: func(i simplysocket.DisconnectInfo) {
			log.Debug("client disconnected", "client", i.Client, "code", i.Code, "reason", i.Reason)
		},
		Join: func(i simplysocket.JoinInfo) {
			log.Debug("member joined", "room", i.Room, "client", i.Client, "members", i.Members)
		},
		Leave: func(i simplysocket.LeaveInfo) {
			log.Debug("member left", "room", i.Room, "client", i.Client, "reason", i.Reason, "members", i.Members)
		},
		Drop: func(i simplysocket.DropInfo) {
			log.Debug("messages dropped", "client", i.Client, "messages", i.Messages, "overflow", i.Overflow)
		},
	}
}
