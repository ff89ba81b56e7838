package main

import (
	"compress/flate"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/centrifugal/centrifuge"
)

const (
	centrifugeModule = "github.com/centrifugal/centrifuge"

	// What is kept of a room for clients that reconnect.
	historySize = 128
	historyTTL  = time.Minute
)

// centrifugeDefault is the library with its default configuration and its own
// protocol in JSON, in which a room is a channel.
var centrifugeDefault = candidate{
	name:    "centrifuge",
	library: centrifugeModule,
	differs: "a protocol of its own, which acknowledges each message to its sender; up to 16 waiting messages share a frame, separated by newlines; a queue of 1 MiB per client, which is disconnected when it is full; pings",
	serve: func(c config) (http.Handler, error) {
		return serveCentrifuge(c, centrifuge.ConnectReply{}, centrifuge.WebsocketConfig{})
	},
}

// centrifugeTuned has the settings that its authors recommend.
var centrifugeTuned = candidate{
	name:    "centrifuge-tuned",
	library: centrifugeModule,
	differs: "as centrifuge, with its authors' advice: output for a client waits 5 ms for more and then shares a frame, without a goroutine per client to write; smaller and shared buffers; compressed once for all",
	serve: func(c config) (http.Handler, error) {
		reply := centrifuge.ConnectReply{
			// "Message batching control" in the documentation of Centrifugo PRO, and pull
			// request 270: a delay saves system calls where many messages go to a client.
			// The blog's "Tuning Centrifugo PRO for large number of idle WebSocket
			// connections" adds the timer, which saves a goroutine, and says to tune the
			// delay of its example, 100 ms, if latency matters. This is the smallest that
			// pays off: in a room of 1,000 on two cores, 1 ms delivers less than no
			// delay, 5 ms 50% more.
			WriteDelay:         5 * time.Millisecond,
			WriteWithTimer:     true,
			MaxMessagesInFrame: -1,
			// They also recommend ReplyWithoutQueue, which makes the job impossible: a
			// client then learns that it has subscribed a moment before it has, and
			// misses messages in between.
		}
		transport := centrifuge.WebsocketConfig{
			// These three are from that blog post.
			ReadBufferSize:             1024,
			UseWriteBufferPool:         true,
			ProcessCommandsOffReadLoop: true,
			// The blog's "Performance optimizations of WebSocket compression in
			// Go application".
			CompressionPreparedMessageCacheSize: 1 << 20,
		}
		return serveCentrifuge(c, reply, transport)
	},
}

func serveCentrifuge(c config, reply centrifuge.ConnectReply, transport centrifuge.WebsocketConfig) (http.Handler, error) {
	transport.Compression = c.Deflate
	transport.CompressionMinSize = deflateFrom
	transport.CompressionLevel = flate.BestSpeed // the zero value does not compress

	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		return nil, err
	}
	s := &channels{node: node, resume: c.Resume}
	s.rooms = newRooms(func(name string) *room[*centrifuge.Client] { return s.open(c, name) }, (*room[*centrifuge.Client]).stop)
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		reply := reply
		reply.Credentials = &centrifuge.Credentials{UserID: newID()}
		return reply, nil
	})
	node.OnConnect(s.connect)
	if err := node.Run(); err != nil {
		return nil, err
	}
	return centrifuge.NewWebsocketHandler(node, transport), nil
}

// channels are the rooms that have subscribers. The library knows who they are.
type channels struct {
	node   *centrifuge.Node
	resume bool
	rooms  *rooms[*room[*centrifuge.Client]]
}

// open makes a room publish to the channel of its name.
func (s *channels) open(c config, name string) *room[*centrifuge.Client] {
	var options []centrifuge.PublishOption
	if c.Resume {
		options = append(options, centrifuge.WithHistory(historySize, historyTTL))
	}
	return startRoom(c, func(_ []*centrifuge.Client, payload []byte) {
		// In memory it fails only after the node is shut down.
		_, _ = s.node.Publish(name, payload, options...)
	})
}

// connect sets up the library for a client.
func (s *channels) connect(client *centrifuge.Client) {
	client.OnSubscribe(func(e centrifuge.SubscribeEvent, done centrifuge.SubscribeCallback) {
		s.rooms.enter(e.Channel)
		done(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{EnableRecovery: s.resume}}, nil)
	})
	client.OnUnsubscribe(func(e centrifuge.UnsubscribeEvent) { s.rooms.leave(e.Channel) })
	client.OnPublish(func(e centrifuge.PublishEvent, done centrifuge.PublishCallback) {
		room, ok := s.rooms.find(e.Channel)
		if !ok || !client.IsSubscribed(e.Channel) {
			done(centrifuge.PublishReply{}, centrifuge.ErrorPermissionDenied)
			return
		}
		m := &Message{Action: actionSay, Target: e.Channel, Sender: client.UserID()}
		if json.Unmarshal(e.Data, &m.Body) != nil {
			done(centrifuge.PublishReply{}, centrifuge.ErrorBadRequest)
			return
		}
		room.take(m)
		// A result tells the library that this is published.
		done(centrifuge.PublishReply{Result: &centrifuge.PublishResult{}}, nil)
	})
	// In this protocol a message that needs no answer goes to the server, not to a
	// channel, so an input arrives whole, as with the others.
	client.OnMessage(func(e centrifuge.MessageEvent) {
		m, err := decode(e.Data, client.UserID())
		if err != nil || m.Action != actionInput {
			return
		}
		if room, ok := s.rooms.find(m.Target); ok && client.IsSubscribed(m.Target) {
			room.take(m)
		}
	})
}
