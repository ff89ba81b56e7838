package protocol_test

import (
	"errors"
	"fmt"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

func ExampleParse() {
	env, err := protocol.Parse([]byte(`{"action":"send-message","message_body":{"text":"hi"},"target":"chat","id":7}`))
	fmt.Println(string(env.Action), string(env.Body), string(env.Target), env.ID, err)

	_, err = protocol.Parse([]byte(`{"action":"send-message","target":1,"id":8}`))
	var bad *protocol.ParseError
	if errors.As(err, &bad) {
		fmt.Println("refused:", bad.ID)
	}
	// Output:
	// send-message {"text":"hi"} chat 7 <nil>
	// refused: 8
}

func ExampleAppendEnvelope() {
	h := protocol.Header{Action: "send-message", Target: "chat", ID: 7}
	fmt.Println(string(protocol.AppendEnvelope(nil, &h, []byte(`{"text":"hi"}`))))
	// Output: {"action":"send-message","message_body":{"text":"hi"},"IsTargetClient":false,"target":"chat","sender":"","id":7}
}

func ExampleValidName() {
	fmt.Println(protocol.ValidName("chat/general") == nil)
	fmt.Println(protocol.ValidName("chat//general") == nil)
	// Output:
	// true
	// false
}
