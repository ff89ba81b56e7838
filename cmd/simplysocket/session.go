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

// session is a user's session on a server.
type session struct {
	console  console
	conn     *client.Conn
	asks     chan ask      // closed when there are no more requests
	answered chan struct{} // gets one value per answer
	settled  chan struct{} // closed after the last request
	errors   atomic.Int64  // that were reported: what was refused or failed

	// Of the client's reading goroutine.

	self string

	// Of the client's callbacks.

	lost bool // the connection

	// Of the goroutine that sends requests.

	joined map[string]*client.Room

	mu    sync.Mutex
	seats []*seat // rooms that we are in or are joining, the current one last
}

const (
	// maxAsks is how many requests may wait: more than a person types while the
	// connection is down.
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

// run joins the rooms and sends what the user types. It returns when the input or the
// context ends, or the server ends the session. It leaves a goroutine behind if that one
// waits for the user.
func (s *session) run(ctx context.Context, conn *client.Conn, rooms []string) error {
	s.conn = conn
	if err := s.console.open(); err != nil {
		_ = conn.Close() // the earlier error is the one to report
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
	s.console.close() // from here on Ctrl-C is a signal, which ends the wait
	return s.finish(s.settle(ctx))
}

// take queues a request for each line that the user types, until the input ends.
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

// settle waits until everything sent is answered. It is patient as long as answers come.
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
			return nil // finish reports the reason
		case <-ctx.Done():
			return nil // the user gave up
		case <-timer.C:
			return fmt.Errorf("some messages were not answered: nothing arrived for %s", answerTimeout)
		}
	}
}

// finish ends the session, unless the server has. The error is err; or how the server
// ended it, if not in good order; or that there were errors.
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
		_ = s.conn.Close() // everything is answered; a server that is away finds out
	}
	<-s.settled
	if n := s.errors.Load(); err == nil && n > 0 {
		return fmt.Errorf("some requests failed; errors: %d", n)
	}
	return err
}

// closedForGood says why there is no reconnecting.
func closedForGood(end *client.CloseError) error {
	text := "closed for good: " + end.Code.String()
	if end.Reason != "" {
		text += ": " + end.Reason
	}
	return errors.New(text)
}
