package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// session is what a user does with a server.
type session struct {
	console  console
	conn     *client.Conn
	asks     chan ask      // closed when the user has nothing more to ask
	answered chan struct{} // gets one for an answer
	settled  chan struct{} // closed once nothing more is asked
	errors   atomic.Int64  // that were said: what was refused, or did not get through

	// Of the client's goroutine that reads.

	self string

	// Of the client's callbacks.

	lost bool // the connection

	// Of the goroutine that asks.

	joined map[string]*client.Room

	mu    sync.Mutex
	seats []*seat // that we have or are on the way to, the current one last
}

const (
	// maxAsks is how much may wait to be asked: more than a person types while
	// the connection is away.
	maxAsks       = 100
	answerTimeout = 10 * time.Second
)

func newSession(console console) *session {
	return &session{
		console:  console,
		asks:     make(chan ask, maxAsks),
		answered: make(chan struct{}, 1),
		settled:  make(chan struct{}),
		joined:   map[string]*client.Room{},
	}
}

// run joins the rooms, sends what the user types and returns when there is
// nothing more of it, the context ends or the server ends the session. It leaves
// a goroutine behind where that waits for the user.
func (s *session) run(ctx context.Context, conn *client.Conn, rooms []string) error {
	s.conn = conn
	if err := s.console.open(); err != nil {
		_ = conn.Close() // the error before is the one to tell
		return err
	}
	typed := make(chan struct{})
	go func() {
		defer close(typed)
		s.take(rooms)
	}()
	go s.work(ctx)
	select {
	case <-typed:
	case <-conn.Done():
	case <-ctx.Done():
	}
	s.console.close() // from here on Ctrl-C is a signal, which ends the waiting
	return s.finish(s.settle(ctx))
}

// take has everything asked for that the user types, until that ends.
func (s *session) take(rooms []string) {
	defer close(s.asks)
	for _, name := range rooms {
		s.join(name, nil)
	}
	for {
		s.console.prompt(s.room())
		line, err := s.console.readLine()
		if err != nil && !errors.Is(err, io.EOF) {
			s.console.say("standard input: " + err.Error())
		}
		if err != nil || !s.obey(line) {
			return
		}
	}
}

// settle waits until what was sent is answered. It is patient as long as
// answers come.
func (s *session) settle(ctx context.Context) error {
	timer := time.NewTimer(answerTimeout)
	defer timer.Stop()
	for {
		select {
		case <-s.answered:
			timer.Reset(answerTimeout)
		case <-s.settled:
			return nil
		case <-s.conn.Done():
			return nil // finish tells why
		case <-ctx.Done():
			return nil // the user wants no more
		case <-timer.C:
			return fmt.Errorf("not all that was sent was answered: nothing came for %s", answerTimeout)
		}
	}
}

// finish ends the session, unless the server has. The error is err, or how the
// server ended it, if that was not in good order, or that there were errors.
func (s *session) finish(err error) error {
	select {
	case <-s.conn.Done():
		end := s.conn.Err()
		err = closedForGood(end)
		if end.Code == protocol.CloseNormal {
			s.console.say(err.Error())
			err = nil
		}
	default:
		_ = s.conn.Close() // all is answered; a server that is away finds out
	}
	<-s.settled
	if n := s.errors.Load(); err == nil && n > 0 {
		return fmt.Errorf("not all that was asked for succeeded; errors: %d", n)
	}
	return err
}

// closedForGood says why there is no coming back.
func closedForGood(end *client.CloseError) error {
	text := "closed for good: " + end.Code.String()
	if end.Reason != "" {
		text += ": " + end.Reason
	}
	return errors.New(text)
}
