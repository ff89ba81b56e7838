package simplysockettest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/simplysockettest"
)

// guide is what the regions of these files appear in, each between "// guide" and
// "// end".
const guide = "../docs/testing.md"

// TestGuide: the guide's code is that of the regions, and each region is in the guide.
func TestGuide(t *testing.T) {
	var regions []string
	files, err := filepath.Glob("guide*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	region := regexp.MustCompile(`(?ms)^(\t*)// guide\n(.*?)^\t*// end$`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range region.FindAllStringSubmatch(string(text), -1) {
			indent := regexp.MustCompile(`(?m)^` + match[1])
			regions = append(regions, strings.Trim(indent.ReplaceAllString(match[2], ""), "\n")+"\n")
		}
	}
	blocks := guideBlocks(t, "go")
	for _, block := range blocks {
		if !slices.Contains(regions, block) {
			t.Errorf("no region is:\n%s", block)
		}
	}
	for _, r := range regions {
		if !slices.Contains(blocks, r) {
			t.Errorf("the guide lacks:\n%s", r)
		}
	}
}

// guideBlocks returns the guide's code blocks of a language.
func guideBlocks(t *testing.T, language string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, match[1])
	}
	return blocks
}

// mustSay fails the test unless what it runs fails with a text of the guide.
func mustSay(t *testing.T, test func(testing.TB)) {
	t.Helper()
	got := strings.TrimPrefix(failing(t, test), "FAIL ")
	if !slices.Contains(guideBlocks(t, "text"), got) {
		t.Errorf("the guide does not show this failure:\n%s", got)
	}
}

// guide

// Question is the body of "ask", "question" and "time-up".
type Question struct {
	Text   string `json:"text"`
	Answer string `json:"answer,omitempty"`
}

// Guess is the body of "guess".
type Guess struct {
	Answer string `json:"answer"`
}

// Points is the reply to "guess", and the body of "solved".
type Points struct {
	Player string `json:"player"`
	Points int    `json:"points"`
}

// Quiz sets up a room in which the first right answer within 30 seconds is worth a point.
func Quiz(room *simplysocket.Room) error {
	room.SetCapacity(3)
	points := simplysocket.NewTable[string, int](room, "points")
	question := simplysocket.NewState(room, "question", Question{})

	timeUp := simplysocket.NewTimer(room, "time-up", func(q Question) error {
		*question = Question{}
		return room.Broadcast("time-up", q)
	})
	simplysocket.On(room, "ask", func(m *simplysocket.Member, q Question) error {
		if question.Text != "" {
			return simplysocket.Errorf("one-at-a-time", "there is a question already")
		}
		*question = q
		timeUp.Set(30*time.Second, q)
		return room.Broadcast("question", Question{Text: q.Text}, simplysocket.From(m))
	})
	simplysocket.OnCall(room, "guess", func(m *simplysocket.Member, g Guess) (Points, error) {
		if question.Text == "" {
			return Points{}, simplysocket.Errorf("no-question", "nobody has asked")
		}
		n, _ := points.Get(m.ID())
		if g.Answer != question.Answer {
			return Points{m.ID(), n}, nil
		}
		points.Set(m.ID(), n+1)
		*question = Question{}
		timeUp.Stop()
		solved := Points{m.ID(), n + 1}
		return solved, room.Broadcast("solved", solved)
	})
	return nil
}

// end

// guide
func TestQuestion(t *testing.T) {
	room := simplysockettest.Open(t, "quiz/1", Quiz)
	ann, bob := room.Join("ann"), room.Join("bob")

	ann.Send("ask", Question{Text: "2+2?", Answer: "4"})

	simplysockettest.Expect(bob, "question", func(q Question) bool {
		return q.Text == "2+2?" && q.Answer == "" // the answer is a secret
	})
}

// end

// guide
func TestGuess(t *testing.T) {
	room := simplysockettest.Open(t, "quiz/1", Quiz)
	ann, bob := room.Join("ann"), room.Join("bob")
	ann.Send("ask", Question{Text: "2+2?", Answer: "4"})

	var reply Points
	if err := bob.Call("guess", Guess{"5"}, &reply); err != nil || reply.Points != 0 {
		t.Errorf("a wrong answer: %+v, %v", reply, err)
	}
	if err := bob.Call("guess", Guess{"4"}, &reply); err != nil || reply.Points != 1 {
		t.Errorf("a right answer: %+v, %v", reply, err)
	}
}

// end

// guide
func TestQuizMessages(t *testing.T) {
	room := simplysockettest.Open(t, "quiz/1", Quiz)
	ann, bob := room.Join("ann"), room.Join("bob")
	ann.Skip() // her welcome, and the news of bob
	bob.Skip()

	ann.Send("ask", Question{Text: "2+2?", Answer: "4"})
	bob.Send("guess", Guess{"4"})
	ann.Send("ask", Question{Text: "3+3?", Answer: "6"})

	last := simplysockettest.ExpectLast[Question](bob, "question")
	if last.Text != "3+3?" {
		t.Errorf("the last question is %+v", last)
	}
	simplysockettest.ExpectNone(bob, "time-up")
	simplysockettest.ExpectActions(ann, "question", "solved", "question")
}

// end

// guide
func TestQuizRefusals(t *testing.T) {
	room := simplysockettest.Open(t, "quiz/1", Quiz)
	ann := room.Join("ann")
	ann.SendRefused("no-question", "guess", Guess{"4"})
	ann.SendRefused("bad-message", "guess", map[string]int{"answer": 4})
	ann.SendRefused("unknown-action", "sing", nil)

	room.Join("bob")
	room.Join("cid")
	room.JoinRefused("room-full", "dan")
}

// end

// guide

// Welcome is what a player reads who joins.
type Welcome struct {
	Message string `json:"message"`
}

// Club sets up a room for members of a club.
func Club(room *simplysocket.Room) error {
	room.OnJoin(func(j *simplysocket.Join) error {
		var params struct{ Nick string }
		if err := j.Params(&params); err != nil {
			return err
		}
		if j.Identity().Claims["member"] != true {
			return simplysocket.Errorf("members-only", "join the club first")
		}
		return j.Welcome(Welcome{"hello " + params.Nick})
	})
	simplysocket.OnServer(room, "notice", func(w Welcome) error { return room.Broadcast("notice", w) })
	return nil
}

func TestClub(t *testing.T) {
	room := simplysockettest.Open(t, "club", Club)
	room.JoinRefused("members-only", "dan")

	member := simplysocket.Identity{User: "ann@example.org", Claims: map[string]any{"member": true}}
	ann := room.Join("ann",
		simplysockettest.As(member),
		simplysockettest.Params(map[string]string{"nick": "Ann"}))
	simplysockettest.Expect(ann, "joined-room", func(w Welcome) bool { return w.Message == "hello Ann" })

	room.Send("notice", Welcome{"dinner is ready"}) // as the server's own code does
	simplysockettest.Expect[Welcome](ann, "notice")
}

// end

// guide
func TestQuizDrop(t *testing.T) {
	room := simplysockettest.Open(t, "quiz/1", Quiz)
	ann, bob := room.Join("ann"), room.Join("bob")

	bob.Drop()
	ann.Send("ask", Question{Text: "2+2?", Answer: "4"})
	simplysockettest.ExpectNone(bob, "question")

	room.Advance(10 * time.Second)
	bob.Resume()
	simplysockettest.Expect[Question](bob, "question")
	bob.Send("guess", Guess{"4"})
}

func TestQuizDropForGood(t *testing.T) {
	room := simplysockettest.Open(t, "quiz/1", Quiz)
	room.Join("ann")
	bob := room.Join("bob")

	bob.Drop()
	room.Advance(29 * time.Second)
	if !bob.IsMember() {
		t.Error("bob left within the resume window")
	}
	room.Advance(time.Second)
	if reason, left := bob.Left(); !left || reason != simplysocket.LeaveReasonDropped {
		t.Errorf("bob left: %t, because he %v", left, reason)
	}
}

// end

// guide
func TestHistoryGap(t *testing.T) {
	room := simplysockettest.Open(t, "chat", simplysocket.Relay,
		simplysockettest.ServerOptions(simplysocket.Options{HistoryMessages: 2}))
	ann, bob := room.Join("ann"), room.Join("bob")

	bob.Drop()
	for _, text := range []string{"one", "two", "three", "four"} {
		ann.Send("say", Welcome{text})
	}
	bob.Resume()

	gap := simplysockettest.Expect[simplysockettest.Gap](bob, "gap")
	t.Logf("bob has lost %d to %d", gap.From, gap.To)
	simplysockettest.Expect(bob, "say", func(w Welcome) bool { return w.Message == "three" })
	simplysockettest.Expect(bob, "say", func(w Welcome) bool { return w.Message == "four" })
}

// end

// guide
func TestQuizTimeUp(t *testing.T) {
	room := simplysockettest.Open(t, "quiz/1", Quiz)
	ann := room.Join("ann")
	ann.Send("ask", Question{Text: "2+2?", Answer: "4"})

	room.Advance(29 * time.Second)
	simplysockettest.ExpectNone(ann, "time-up")

	room.Advance(time.Second)
	simplysockettest.Expect(ann, "time-up", func(q Question) bool { return q.Answer == "4" })
	ann.SendRefused("no-question", "guess", Guess{"4"})
}

// end

// guide
func TestQuizEmpty(t *testing.T) {
	room := simplysockettest.Open(t, "quiz/1", Quiz)
	room.Join("ann").Leave()

	room.Advance(time.Minute) // longer than a room stays open without members
	if !room.Closed() {
		t.Error("the room is open")
	}
	room.Join("ann").SendRefused("no-question", "guess", Guess{"4"}) // it opens again, and knows nothing
}

// end

// guide

// Topic is the body of "topic", and what the task looks up.
type Topic struct {
	Name string `json:"name"`
}

// fetch asks a service for a question.
var fetch = func(context.Context, Topic) (Question, error) {
	return Question{}, errors.New("a test has no network")
}

// Trivia sets up a room that gets its questions elsewhere.
func Trivia(room *simplysocket.Room) error {
	get := simplysocket.NewTask(room, "fetch", fetch, func(topic Topic, q Question, err error) error {
		if err != nil {
			return room.Broadcast("no-luck", topic)
		}
		return room.Broadcast("question", q)
	})
	simplysocket.On(room, "topic", func(_ *simplysocket.Member, topic Topic) error {
		get.Start(topic)
		return nil
	})
	return nil
}

func TestTrivia(t *testing.T) {
	room := simplysockettest.Open(t, "trivia", Trivia)
	ann := room.Join("ann")
	ann.Send("topic", Topic{"birds"})
	ann.Send("topic", Topic{"stars"})
	birds, stars := room.Tasks()[0], room.Tasks()[1]

	stars.Finish(Question{Text: "What is the nearest star?"}) // the second ends first
	simplysockettest.Expect[Question](ann, "question")

	var query Topic
	birds.Query(&query)
	birds.Fail(errors.New("timeout"))
	simplysockettest.Expect(ann, "no-luck", func(topic Topic) bool { return topic == query })
}

func TestTriviaLate(t *testing.T) {
	room := simplysockettest.Open(t, "trivia", Trivia)
	ann := room.Join("ann")
	ann.Send("topic", Topic{"birds"})

	ann.Leave() // and only then the task ends
	room.Task("fetch").Run()
	simplysockettest.ExpectNone(ann, "no-luck")
}

// end

// guide

// Bell sets up a room with a hook that fails, and a handler that panics.
func Bell(room *simplysocket.Room) error {
	room.OnDrop(func(m *simplysocket.Member) error { return fmt.Errorf("%s is not in the phone book", m.ID()) })
	simplysocket.On(room, "ring", func(*simplysocket.Member, simplysocket.None) error { panic("no clapper") })
	return nil
}

func TestBell(t *testing.T) {
	room := simplysockettest.Open(t, "bell", Bell)
	ann := room.Join("ann")

	failures := room.ExpectFailure(ann.Drop)
	if failures[0].Where != "OnDrop" {
		t.Errorf("got %v", failures)
	}
	ann.Resume()

	failures = room.ExpectFailure(func() { ann.SendRefused("internal", "ring", nil) })
	if failures[0].Stack == nil || !room.Closed() {
		t.Errorf("a panic closes the room: %v", failures)
	}
}

// end

// guide

// Turns sets up a room in which nobody may act twice in a row.
func Turns(room *simplysocket.Room) error {
	last := ""
	simplysocket.On(room, "move", func(m *simplysocket.Member, _ simplysocket.None) error {
		if m.ID() == last {
			return simplysocket.Errorf("not-your-turn", "wait")
		}
		last = m.ID()
		return nil
	})
	return nil
}

// end

// TestGuideForgets: the failures that the guide shows.
func TestGuideForgets(t *testing.T) {
	mustSay(t, func(t testing.TB) {
		// guide
		room := simplysockettest.Open(t, "turns", Turns, simplysockettest.Forgetful())
		ann := room.Join("ann")
		ann.Send("move", nil)
		ann.SendRefused("not-your-turn", "move", nil)
		// end
	})
	for _, setup := range []func(*simplysocket.Room) error{
		func(room *simplysocket.Room) error {
			type Player struct{ Points int }
			// guide
			players := simplysocket.NewTable[string, *Player](room, "players")
			simplysocket.On(room, "move", func(m *simplysocket.Member, _ simplysocket.None) error {
				if player, ok := players.Get(m.ID()); ok {
					player.Points++ // players.Set is missing
					return nil
				}
				players.Set(m.ID(), &Player{})
				return nil
			})
			// end
			return nil
		},
		func(room *simplysocket.Room) error {
			// guide
			moves := simplysocket.NewState(room, "moves", 1)
			simplysocket.On(room, "move", func(m *simplysocket.Member, _ simplysocket.None) error {
				*moves++
				if m.ID() == "ann" {
					return simplysocket.Errorf("not-your-turn", "wait")
				}
				return nil
			})
			// end
			return nil
		},
	} {
		mustSay(t, func(t testing.TB) {
			ann := simplysockettest.Open(t, "turns", setup, simplysockettest.Forgetful()).Join("ann")
			_ = ann.TrySend("move", nil)
			_ = ann.TrySend("move", nil)
		})
	}
}

// guide
func TestQuizIsKept(t *testing.T) {
	room := simplysockettest.Open(t, "quiz/1", Quiz, simplysockettest.Forgetful())
	ann, bob := room.Join("ann"), room.Join("bob")
	for range 3 {
		ann.Send("ask", Question{Text: "2+2?", Answer: "4"})
		bob.Send("guess", Guess{"4"})
	}
	simplysockettest.ExpectLast(ann, "solved", func(p Points) bool { return p.Points == 3 })
}

// end

// guide
func TestQuizCrash(t *testing.T) {
	room := simplysockettest.Open(t, "quiz/1", Quiz)
	ann, bob := room.Join("ann"), room.Join("bob", simplysockettest.Plain())
	ann.Send("ask", Question{Text: "2+2?", Answer: "4"})

	room.Crash(5 * time.Second)
	if !ann.Away() || bob.IsMember() {
		t.Error("ann may resume, and bob, who has no session, has left")
	}
	ann.Resume()

	room.Advance(24 * time.Second)
	simplysockettest.ExpectNone(ann, "time-up")
	room.Advance(time.Second)
	simplysockettest.Expect[Question](ann, "time-up")
}

// end

// guide

// Payments sets up a room whose task must not run twice.
func Payments(room *simplysocket.Room) error {
	unclear := simplysocket.NewState(room, "unclear", 0)
	pay := simplysocket.NewTask(room, "pay", func(context.Context, Points) (simplysocket.None, error) {
		return simplysocket.None{}, nil // asks a bank
	}, func(p Points, _ simplysocket.None, err error) error {
		if errors.Is(err, simplysocket.ErrInterrupted) {
			*unclear++ // it may have been paid
			return nil
		}
		return room.Broadcast("paid", p)
	})
	simplysocket.On(room, "pay", func(_ *simplysocket.Member, p Points) error {
		pay.Start(p)
		return nil
	})
	room.OnRestore(func(down time.Duration) error {
		if down > time.Hour {
			return simplysocket.Errorf("suspended", "somebody has to look at it")
		}
		return nil
	})
	simplysocket.OnServerCall(room, "unclear", func(simplysocket.None) (map[string]int, error) {
		return map[string]int{"n": *unclear}, nil
	})
	return nil
}

func TestPaymentInterrupted(t *testing.T) {
	room := simplysockettest.Open(t, "payments", Payments)
	room.Join("ann").Send("pay", Points{"ann", 5})

	room.Crash(time.Minute)
	var unclear map[string]int
	if err := room.Call("unclear", nil, &unclear); err != nil || unclear["n"] != 1 {
		t.Errorf("%v, %v", unclear, err)
	}

	if err := room.CrashRefused(2 * time.Hour); err == nil {
		t.Error("it was restored")
	}
	room.JoinRefused("suspended", "bob")
}

// end

// guide

// Final sets up a room that sends the winner on to another room, and tells that room.
func Final(room *simplysocket.Room) error {
	simplysocket.On(room, "win", func(m *simplysocket.Member, _ simplysocket.None) error {
		if err := m.JoinRoom("hall-of-fame", nil); err != nil {
			return err
		}
		return room.Tell("hall-of-fame", "winner", Points{Player: m.ID()})
	})
	return nil
}

func TestFinal(t *testing.T) {
	room := simplysockettest.Open(t, "final", Final)
	ann := room.Join("ann")
	ann.Send("win", nil)

	if joins := ann.Redirects(); len(joins) != 1 || joins[0].Room != "hall-of-fame" {
		t.Errorf("ann joins %v", joins)
	}
	if told := room.Told(); len(told) != 1 || told[0].Action != "winner" {
		t.Errorf("the room has told %v", told)
	}
}

// end

// guide

// NewServer returns the application's server.
func NewServer() (*simplysocket.Server, error) {
	srv, err := simplysocket.New(&simplysocket.Options{ResumeWindow: time.Minute})
	if err != nil {
		return nil, err
	}
	srv.Use(func(next simplysocket.Handler) simplysocket.Handler {
		return func(req *simplysocket.Request) (any, error) {
			if len(req.Body) > 1000 {
				return nil, simplysocket.Errorf("too-long", "be brief")
			}
			return next(req)
		}
	})
	srv.HandleRoom("quiz/{id}", Quiz)
	return srv, nil
}

func TestQuizMiddleware(t *testing.T) {
	srv, err := NewServer()
	if err != nil {
		t.Fatal(err)
	}
	room := simplysockettest.OpenOn(t, srv, "quiz/1")
	long := strings.Repeat("?", 1000)
	room.Join("ann").SendRefused("too-long", "ask", Question{Text: long})
}

// end

// guide
func TestQuizServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, err := NewServer()
		if err != nil {
			t.Fatal(err)
		}
		host := simplysockettest.Serve(t, srv)
		ann, bob := host.Dial(nil), host.Dial(nil)

		room, err := ann.Join(t.Context(), "quiz/1", nil)
		if err != nil {
			t.Fatal(err)
		}
		var heard atomic.Int32 // callbacks run on goroutines of the clients
		_, err = bob.Join(t.Context(), "quiz/1", nil, func(room *client.Room) {
			client.On(room, "time-up", func(_ string, q Question) { heard.Add(1) })
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := room.Send(t.Context(), "ask", Question{Text: "2+2?", Answer: "4"}); err != nil {
			t.Fatal(err)
		}

		host.Break()                 // all connections; the clients come back
		time.Sleep(40 * time.Second) // of virtual time
		synctest.Wait()
		if n := heard.Load(); n != 1 {
			t.Errorf("bob has heard %d times that time is up", n)
		}
	})
}

// end
