package load

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

func TestFate(t *testing.T) {
	for _, test := range []struct {
		err  error
		want outcome
		code string
	}{
		{nil, handled, ""},
		{&client.Error{Code: protocol.CodeBusy}, refused, "busy"},
		{fmt.Errorf("join: %w", &client.Error{Code: protocol.CodeRoomFull}), refused, "room-full"},
		{&client.Error{Code: client.CodeOutcomeUnknown}, unknown, "outcome-unknown"},
		{context.Canceled, unknown, "no-answer"},
		{client.ErrQueueFull, unsent, "queue-full"},
		{errTooMany, unsent, "too-many-unanswered"},
		{&client.CloseError{Code: protocol.CloseFlooding}, unsent, "close-4029"},
		{&client.RefusedError{Status: 503}, unsent, "http-503"},
		{removedBecause(client.LeaveReasonKicked), unsent, "out-of-room"},
		{context.DeadlineExceeded, unsent, "timeout"},
		{errors.New("no route to host"), unsent, "network"},
	} {
		if got, _ := outcomeOf(test.err); got != test.want {
			t.Errorf("%v: outcome %d, want %d", test.err, got, test.want)
		}
		if test.err != nil && codeOf(test.err) != test.code {
			t.Errorf("%v: code %q, want %q", test.err, codeOf(test.err), test.code)
		}
	}
}

// TestTally: no server can make the tally grow without bound, or make it print terminal
// control characters.
func TestTally(t *testing.T) {
	var tally tally
	for i := range 1000 {
		tally.add(Refused, &client.Error{Code: protocol.Code(fmt.Sprint("code-", i)), Message: "\x1b[2J\u202e\xff" + strings.Repeat("x", 1000)})
	}
	tally.add(Refused, &client.Error{Code: "NO CODE\n"})
	list := tally.list()
	if len(list) > maxFailures+1 || list[0].Code != otherCode || tally.sum() != 1001 {
		t.Errorf("%d kinds, the first %+v, %d in all", len(list), list[0], tally.sum())
	}
	for _, f := range list {
		if strings.ContainsAny(f.Example, "\x1b\u202e\n") || !utf8.ValidString(f.Example) || len([]rune(f.Example)) > maxExample+1 {
			t.Errorf("example %q", f.Example)
		}
	}
}
