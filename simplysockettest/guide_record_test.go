package simplysockettest_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// guide

// NewRecordedServer returns a server whose quizzes are recorded, always.
func NewRecordedServer(dir string) (*simplysocket.Server, error) {
	srv, err := simplysocket.New(&simplysocket.Options{
		Record: &simplysocket.RecordFolder{Dir: dir, Rooms: []string{"quiz/{id}"}},
	})
	if err != nil {
		return nil, err
	}
	srv.HandleRoom("quiz/{id}", Quiz)
	return srv, nil
}

// RecordFor records one room for a while.
func RecordFor(ctx context.Context, room simplysocket.RoomRef, d time.Duration, w io.Writer) error {
	recorder, err := room.Record(ctx, w, nil)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
	return recorder.Stop(ctx)
}

// end

// recordQuiz records a quiz.
func recordQuiz(t testing.TB, path string, setup func(*simplysocket.Room) error) {
	t.Helper()
	// guide
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	room := simplysockettest.Open(t, "quiz/1", setup, simplysockettest.RecordTo(file, nil))
	ann := room.Join("ann")
	ann.Send("ask", Question{Text: "2+2?", Answer: "4"})
	ann.Send("guess", Guess{"4"})
	// end
}

// TestGuideReplay: a recording replays, and that of a room that answers differently does not.
func TestGuideReplay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "quiz.recording")
	recordQuiz(t, path, Quiz)
	// guide
	simplysockettest.Replay(t, path, Quiz)
	// end
	recordQuiz(t, path, leakyQuiz)
	mustSay(t, func(t testing.TB) { simplysockettest.Replay(t, path, Quiz) })
}

// leakyQuiz sends the answer along with the question.
func leakyQuiz(room *simplysocket.Room) error {
	simplysocket.On(room, "ask", func(m *simplysocket.Member, q Question) error {
		return room.Broadcast("question", q, simplysocket.From(m))
	})
	simplysocket.On(room, "guess", func(*simplysocket.Member, Guess) error { return nil })
	return nil
}

// guide

// KeepRecording makes a recording a test of the package quiz, which is in that folder.
func KeepRecording(dir string, recorded io.Reader) error {
	_, err := simplysockettest.ReplayTest{
		Name:    "TestQuizOfFriday",
		Package: "quiz_test",
		Setup:   "quiz.Quiz",
		Imports: []string{"example.com/app/quiz"},
		Pattern: "quiz/{id}",
	}.Write(dir, recorded)
	return err
}

// end

// TestGuideKeepsRecording: the test is where the guide says.
func TestGuideKeepsRecording(t *testing.T) {
	dir := t.TempDir()
	if err := KeepRecording(dir, strings.NewReader("")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "quiz_of_friday_test.go"))
	if err != nil || !strings.Contains(string(text), "func TestQuizOfFriday(") {
		t.Errorf("%v: %s", err, text)
	}
}

// TestGuideRecordedServer: what a server records replays.
func TestGuideRecordedServer(t *testing.T) {
	dir := t.TempDir()
	srv, err := NewRecordedServer(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("server", func(t *testing.T) {
		room, err := simplysockettest.Serve(t, srv).Dial(nil).Join(t.Context(), "quiz/1", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := room.Send(t.Context(), "ask", Question{Text: "2+2?", Answer: "4"}); err != nil {
			t.Fatal(err)
		}
		if err := RecordFor(t.Context(), srv.Room("quiz/1"), time.Millisecond, io.Discard); err != nil {
			t.Error(err)
		}
	})
	// guide
	simplysockettest.ReplayOn(t, srv, dir)
	// end
}
