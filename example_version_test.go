package simplysocket_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/engine"
	"github.com/DhruvikDonga/simplysocket/engine/enginetest"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// Fahrenheit is how the first version of the program has stored a temperature.
type Fahrenheit struct {
	Degrees float64 `json:"degrees"`
}

// Celsius is how the second version does.
type Celsius struct {
	Celsius float64 `json:"celsius"`
}

// Oven1 is the room of the first version.
func Oven1(room *simplysocket.Room) error {
	simplysocket.NewState(room, "temperature", Fahrenheit{350})
	room.SetEmptyTimeout(simplysocket.Forever)
	return nil
}

// Oven2 is the room of the second version.
func Oven2(room *simplysocket.Room) error {
	now := simplysocket.NewState(room, "temperature", Celsius{180},
		simplysocket.Version(1, func(_ int, old json.RawMessage) (json.RawMessage, error) {
			var f Fahrenheit
			if err := json.Unmarshal(old, &f); err != nil {
				return nil, err
			}
			return json.Marshal(Celsius{float64(int((f.Degrees - 32) / 1.8))})
		}))
	room.SetEmptyTimeout(simplysocket.Forever)
	simplysocket.OnCall(room, "temperature", func(*simplysocket.Member, simplysocket.None) (Celsius, error) {
		return *now, nil
	})
	return nil
}

// run runs a program that keeps its rooms in the engine, until use returns.
func run(e engine.Engine, oven func(*simplysocket.Room) error, use func(context.Context, *client.Room)) {
	simplysockettest.Example(func(t testing.TB) {
		srv, err := simplysocket.New(&simplysocket.Options{Engine: e})
		if err != nil {
			t.Fatal(err)
		}
		srv.HandleRoom("oven", oven)
		room, err := simplysockettest.Serve(t, srv).Dial(nil).Join(t.Context(), "oven", nil)
		if err != nil {
			t.Fatal(err)
		}
		use(t.Context(), room)
	})
}

// The second version of a program converts what the first has stored. An engine in memory
// stands for the one that keeps rooms on disk.
func ExampleVersion() {
	store := enginetest.NewStore(1)
	run(enginetest.NewMemory(store, nil), Oven1, func(context.Context, *client.Room) {})
	run(enginetest.NewMemory(store, nil), Oven2, func(ctx context.Context, oven *client.Room) {
		fmt.Println(client.Call[Celsius](ctx, oven, "temperature", nil))
	})
	// Output: {176} <nil>
}
