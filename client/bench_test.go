package client_test

import (
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
)

// talkative is a server that lets a client send at full speed.
func talkative(b *testing.B) *host {
	return serve(b, "127.0.0.1:0", simplysocket.Options{MessageRate: simplysocket.Unlimited, MessageBurst: simplysocket.Unlimited})
}

// BenchmarkSend measures a message and its answer, one after the other.
func BenchmarkSend(b *testing.B) {
	room := join(b, talkative(b).connect(client.Options{}), "r", nil)
	b.ReportAllocs()
	for b.Loop() {
		send(b, room, "x", line{"hello"})
	}
}

// BenchmarkReceive measures a message from the wire to its callback.
func BenchmarkReceive(b *testing.B) {
	conn := talkative(b).connect(client.Options{})
	heard := make(chan struct{}, 64)
	room := join(b, conn, "r", nil, func(r *client.Room) {
		client.On(r, "x", func(string, line) { heard <- struct{}{} })
	})
	b.ReportAllocs()
	for b.Loop() {
		if err := room.Post("x", line{"hello"}); err != nil {
			b.Fatal(err)
		}
		<-heard
	}
}
