package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func TestWhoComesBackGetsWhatItMissed(t *testing.T) {
	each(t, func(t *testing.T, c config) {
		if speaks(c.Candidate) == dialectPlain {
			t.Skip("it cannot resume")
		}
		const room = "room-0001"
		const missed = 3
		c.Resume = true
		address := start(t, c)
		stays, goes := join(t, c, address, room), join(t, c, address, room)
		stays.say(t, actionSay, room, Line{N: "00000000"})
		stays.next(t)
		last := goes.receive(t)
		_ = goes.conn.Close()
		for i := range missed {
			stays.say(t, actionSay, room, Line{N: fmt.Sprintf("%08d", i+1)})
			stays.next(t)
		}

		returned := dial(t, c, address, room)
		var got []string
		if returned.dialect == dialectCentrifuge {
			returned.send(t, `{"id":1,"connect":{}}`)
			returned.send(t, fmt.Sprintf(`{"id":2,"subscribe":{"channel":%q,"recover":true,"epoch":%q,"offset":%s}}`,
				room, within(t, `"epoch":"([^"]+)"`, goes.entered), within(t, `"offset":(\d+)`, last)))
			got = numbers(returned.await(t, `{"id":2,`))
		} else {
			returned.send(t, fmt.Sprintf(`40{"pid":%q,"offset":%q}`,
				within(t, `"pid":"([^"]+)"`, goes.entered), within(t, `,"([^"]+)"\]$`, last)))
			for range missed {
				got = append(got, numbers(returned.await(t, `42["say"`))...)
			}
		}
		if want := "00000001 00000002 00000003"; strings.Join(got, " ") != want {
			t.Errorf("got %v, want %s", got, want)
		}
	})
}

// numbers returns the numbers of the messages in a text.
func numbers(text string) []string {
	var found []string
	for _, match := range regexp.MustCompile(`"n":"(\d+)"`).FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

func within(t *testing.T, pattern, text string) string {
	t.Helper()
	match := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("no %s in %s", pattern, text)
	}
	return match[1]
}
