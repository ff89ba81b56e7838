package simplysockettest_test

import (
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// gossip is a room that passes on what it hears, and counts it.
func gossip(room *simplysocket.Room) error {
	heard := simplysocket.NewState(room, "heard", 0)
	simplysocket.OnServer(room, "news", func(simplysocket.None) error { *heard++; return nil })
	simplysocket.On(room, "tell", func(_ *simplysocket.Member, to struct{ Room string }) error {
		return room.Tell(to.Room, "news", nil)
	})
	simplysocket.OnCall(room, "heard", func(*simplysocket.Member, simplysocket.None) (struct{ N int }, error) {
		return struct{ N int }{*heard}, nil
	})
	return nil
}

// TestTold: what a room tells others is noted, and what it tells itself arrives, once.
func TestTold(t *testing.T) {
	for name, opts := range map[string][]simplysockettest.Option{"plain": nil, "forgetful": {simplysockettest.Forgetful()}} {
		t.Run(name, func(t *testing.T) {
			room := simplysockettest.Open(t, "here", gossip, opts...)
			ann := room.Join("ann")
			ann.Send("tell", map[string]string{"Room": "there"})
			ann.Send("tell", map[string]string{"Room": "here"})
			room.Crash(time.Second)
			ann.Resume()
			ann.Send("tell", map[string]string{"Room": "here"})
			var heard struct{ N int }
			if err := ann.Call("heard", nil, &heard); err != nil || heard.N != 2 {
				t.Errorf("heard %d, %v", heard.N, err)
			}
			var rooms []string
			for _, told := range room.Told() {
				rooms = append(rooms, told.Room+" "+told.Action)
			}
			if len(rooms) != 3 || rooms[0] != "there news" || rooms[1] != "here news" {
				t.Errorf("told %v", rooms)
			}
		})
	}
}
