// Command talk joins a room, sends a message and shows what it receives there.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/DhruvikDonga/simplysocket/client"
)

// Line is the body of a chat message.
type Line struct {
	Message string `json:"message"`
}

func main() {
	if err := talk(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func talk(ctx context.Context) error {
	conn, err := client.Dial(ctx, "wss://example.com/ws", nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	room, err := conn.Join(ctx, "chat/go", nil, func(room *client.Room) {
		client.On(room, "send-message", func(from string, line Line) { fmt.Println(from, line.Message) })
	})
	if err != nil {
		return err
	}
	return room.Send(ctx, "send-message", Line{"hi"})
}
