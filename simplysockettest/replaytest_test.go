package simplysockettest_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	kit "github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// A recording becomes a Go test that compiles and passes.
func TestRecordingBecomesATest(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a test")
	}
	var b bytes.Buffer
	room := kit.Open(t, "chat/a", simplysocket.Relay, kit.RecordTo(&b, nil))
	room.Join("ann").Send("say", nil)
	dir, err := os.MkdirTemp(".", "generated") // within the module
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	file, err := kit.ReplayTest{
		Name: "TestChatOfFriday", Setup: "simplysocket.Relay", Pattern: "chat/{topic}",
		Imports: []string{"github.com/DhruvikDonga/simplysocket"}, Comment: "Ann says something.",
	}.Write(dir, &b)
	if err != nil || filepath.Base(file) != "chat_of_friday_test.go" {
		t.Fatalf("%s, %v", file, err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "test", "-v", "./"+filepath.Base(dir)).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestChatOfFriday") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestWriteScript(t *testing.T) {
	var b, script bytes.Buffer
	room := kit.Open(t, "r", playRoom, kit.RecordTo(&b, nil))
	ann, bob := room.Join("ann"), room.Join("bob", kit.Params(note{"hi"}), kit.Plain())
	ann.Send("say", note{"hello"})
	ann.SendRefused("no", "fail", nil)
	bob.Direct(ann, "whisper", nil)
	room.Advance(1500 * time.Millisecond)
	ann.Drop()
	ann.Resume()
	bob.Leave()
	if err := kit.WriteScript(&script, &b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`room := simplysockettest.Open(t, "r", setup)`, `c1 := room.Join("ann")`, "c2 := room.Join(\"bob\", simplysockettest.Params(json.RawMessage(`{\"Message\":\"hi\"}`)), simplysockettest.Plain())",
		"c1.Send(\"say\", json.RawMessage(`{\"Message\":\"hello\"}`))", `c1.SendRefused("no", "fail", nil)`, `_ = c2.TryDirect(c1, "whisper", nil)`,
		"room.Advance(1500 * time.Millisecond)", "c1.Drop()\nc1.Resume()\nc2.Leave()\n",
	} {
		if !strings.Contains(script.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &script)
		}
	}
}
