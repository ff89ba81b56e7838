package simplysockettest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/DhruvikDonga/simplysocket/protocol"
)

// mostTries bounds how many runs look for fewer steps.
const mostTries = 2000

// shrinker looks for the fewest and simplest steps that have the same finding.
type shrinker struct {
	e     *explorer
	kind  string
	best  *run
	tries int
	times int // how often steps are tried, if they do not fail each time
}

// shrink returns the run that is left. Without tries, the steps do not fail again; always
// reports whether they do so each time.
func (e *explorer) shrink(found *run) (least *run, tries int, always bool) {
	const often = 20
	s := &shrinker{e: e, kind: found.finding.kind, best: found, times: 1}
	if !s.try(found.steps) {
		if s.times = often; !s.try(found.steps) {
			return found, 0, false
		}
	}
	if s.lessen(); s.times == 1 && !s.always() {
		s.times = often
		s.lessen()
	}
	return s.best, s.tries, s.times == 1
}

// always reports whether the steps that are left fail each time.
func (s *shrinker) always() bool {
	const times = 3
	for range times {
		if r := s.e.replay(s.best.steps); r.finding == nil || r.finding.kind != s.kind {
			return false
		}
	}
	return true
}

// lessen looks for fewer and simpler steps in all ways.
func (s *shrinker) lessen() {
	for before := -1; before != s.tries && s.tries < mostTries; {
		size := s.cost()
		s.remove()
		s.merge()
		s.mergeWaits()
		s.mergeRepeats()
		s.simplify()
		if s.cost() < size {
			continue
		}
		if s.removePairs(); s.cost() < size {
			continue
		}
		break
	}
	s.callByName()
}

// callByName gives the clients the first of the names.
func (s *shrinker) callByName() {
	names := s.best.x.names
	if len(names) == 0 {
		names = defaultNames
	}
	steps := slices.Clone(s.best.steps)
	for i, client := range s.clients() {
		if i == len(names) {
			return
		}
		for k := range steps { // in two rounds, since they may change places
			rename(&steps[k], client, fmt.Sprintf("client-%d-", i))
		}
	}
	for i := range s.clients() {
		for k := range steps {
			rename(&steps[k], fmt.Sprintf("client-%d-", i), names[i])
		}
	}
	s.try(steps)
}

// clients returns the clients that do something, in the order in which they do.
func (s *shrinker) clients() (clients []string) {
	for i := range s.best.steps {
		if c := s.best.steps[i].client; c != "" && !slices.Contains(clients, c) {
			clients = append(clients, c)
		}
	}
	return clients
}

// cost is what the shrinker lowers.
func (s *shrinker) cost() int {
	sum := 0
	for i := range s.best.steps {
		sum += 1000 + complexity(&s.best.steps[i])
	}
	return sum
}

// try keeps the steps if they fail in the same way.
func (s *shrinker) try(steps []step) bool {
	for range s.times {
		if s.tries >= mostTries {
			return false
		}
		s.tries++
		r := s.e.replay(steps)
		if r.finding != nil && r.finding.kind == s.kind {
			s.best = r // without the steps that were left out, and those after the failure
			return true
		}
	}
	return false
}

// replay takes steps in a room that has just opened.
func (e *explorer) replay(steps []step) *run {
	i := 0
	return e.play(func(*run) (step, bool) {
		if i == len(steps) {
			return step{}, false
		}
		i++
		return steps[i-1], true
	})
}

// remove takes out ever smaller parts, the newest first.
func (s *shrinker) remove() {
	for size := max(len(s.best.steps)/2, 1); ; size /= 2 {
		for end := len(s.best.steps); end > 0; {
			begin := max(end-size, 0)
			if s.try(slices.Concat(s.best.steps[:begin], s.best.steps[min(end, len(s.best.steps)):])) {
				end = min(begin, len(s.best.steps))
			} else {
				end -= max(size/2, 1)
			}
		}
		if size <= 1 {
			return
		}
	}
}

// removePairs takes out two steps that make sense only together, such as a drop and a
// resume.
func (s *shrinker) removePairs() {
	const few = 16
	if len(s.best.steps) > few {
		return
	}
	for i := 0; i < len(s.best.steps); i++ {
		for j := i + 1; j < len(s.best.steps); j++ {
			without := slices.Delete(slices.Clone(s.best.steps), j, j+1)
			if s.try(slices.Delete(without, i, i+1)) {
				i, j = -1, len(s.best.steps)
			}
		}
	}
}

// merge has one client do what two have done.
func (s *shrinker) merge() {
	clients := s.clients()
	for i := len(clients) - 1; i > 0; i-- {
		for j := range i {
			steps := slices.Clone(s.best.steps)
			for k := range steps {
				rename(&steps[k], clients[i], clients[j])
			}
			if s.try(steps) {
				break
			}
		}
	}
}

// mergeWaits waits once where the steps wait twice.
func (s *shrinker) mergeWaits() {
	for i := 0; i < len(s.best.steps); i++ {
		for i < len(s.best.steps) && s.best.steps[i].kind == stepClock && s.mergeWait(i) {
		}
	}
}

// mergeWait has the next step that waits do so for this one as well.
func (s *shrinker) mergeWait(i int) bool {
	next := slices.IndexFunc(s.best.steps[i+1:], func(s step) bool { return s.kind == stepClock })
	if next < 0 {
		return false
	}
	for _, d := range roundWaits {
		steps := slices.Clone(s.best.steps)
		steps[i+1+next] = step{kind: stepClock, wait: d, long: true}
		if s.try(slices.Delete(steps, i, i+1)) {
			return true
		}
	}
	return false
}

var numbers = regexp.MustCompile(`-?[1-9][0-9]*`)

// mergeRepeats has a client say once, with larger numbers, what it says often.
func (s *shrinker) mergeRepeats() {
	for i := 0; i < len(s.best.steps); i++ {
		first := s.best.steps[i]
		if first.kind != stepSend || !numbers.Match(first.body) {
			continue
		}
		isRepeat := func(other step) bool {
			return other.kind == first.kind && other.client == first.client && other.action == first.action && bytes.Equal(other.body, first.body)
		}
		once := slices.Concat(s.best.steps[:i+1], slices.DeleteFunc(slices.Clone(s.best.steps[i+1:]), isRepeat))
		if len(once) == len(s.best.steps) {
			continue
		}
		for _, times := range []string{"${0}0", "${0}00"} {
			steps := slices.Clone(once)
			steps[i].body = numbers.ReplaceAll(first.body, []byte(times))
			if s.try(steps) {
				break
			}
		}
	}
}

// rename gives a step to another client. What names the client in its body does so, too.
func rename(s *step, from, to string) {
	if s.client == from {
		s.client = to
	}
	if s.to == from {
		s.to = to
	}
	s.body = bytes.ReplaceAll(s.body, []byte(`"`+from+`"`), []byte(`"`+to+`"`))
}

// simplify replaces what steps were given by something simpler.
func (s *shrinker) simplify() {
	for i := 0; i < len(s.best.steps); i++ {
		for again := true; again; {
			again = false
			for _, simpler := range simplerThan(s.best.steps[i]) {
				if complexity(&simpler) >= complexity(&s.best.steps[i]) {
					continue
				}
				steps := slices.Clone(s.best.steps)
				steps[i] = simpler
				if again = s.try(steps); again {
					break
				}
			}
			if i >= len(s.best.steps) {
				return
			}
		}
	}
}

// complexity is how much there is to read in a step.
func complexity(s *step) int {
	n := len(s.body) + s.nth
	if len(s.body) <= len("{}") {
		n = s.nth
	}
	if s.identity != nil {
		n += 10
	}
	if s.plain {
		n++
	}
	if s.kind == stepClock && (s.until != momentNow || !slices.Contains(roundWaits, s.wait)) {
		n++
	}
	if s.kind == stepTask {
		n += int(s.outcome)
	}
	for _, c := range s.body {
		if c >= '2' && c <= '9' || c == '-' {
			n++
		}
	}
	return n
}

var roundWaits = []time.Duration{time.Second, 10 * time.Second, time.Minute, time.Hour}

// simplerThan returns steps that may do instead, the simplest first.
func simplerThan(s step) (simpler []step) {
	with := func(change func(*step)) {
		other := s
		change(&other)
		simpler = append(simpler, other)
	}
	if s.identity != nil {
		with(func(s *step) { s.identity = nil })
	}
	if s.plain {
		with(func(s *step) { s.plain = false })
	}
	if s.nth > 0 {
		with(func(s *step) { s.nth = 0 })
	}
	switch s.kind {
	case stepClock:
		for _, d := range roundWaits {
			with(func(s *step) { s.until, s.wait = momentNow, d })
		}
	case stepTask:
		with(func(s *step) { s.outcome, s.body = outcomeRun, nil })
	default:
		for _, body := range simplerBodies(s.body) {
			with(func(s *step) { s.body = body })
		}
	}
	return simpler
}

// simplerBodies returns objects with less in them.
func simplerBodies(body json.RawMessage) (simpler []json.RawMessage) {
	if len(body) <= len("{}") {
		return nil
	}
	simpler = append(simpler, json.RawMessage("{}"))
	type field struct {
		key   string
		value []byte
	}
	var fields []field
	for key, value := range protocol.Fields(body) {
		fields = append(fields, field{key, value})
	}
	write := func(at int, value []byte) {
		b := []byte{'{'}
		for i, f := range fields {
			if i == at {
				f.value = value
			}
			if f.value == nil {
				continue
			}
			if len(b) > 1 {
				b = append(b, ',')
			}
			b = append(append(appendText(b, f.key), ':'), f.value...)
		}
		simpler = append(simpler, append(b, '}'))
	}
	for i := range fields {
		write(i, nil)
	}
	for i, f := range fields {
		for _, value := range simplerValues(f.value) {
			write(i, value)
		}
	}
	return simpler
}

// simplerValues returns simpler forms of a value.
func simplerValues(value []byte) (simpler [][]byte) {
	switch c := value[0]; {
	case c == '{':
		for _, body := range simplerBodies(value) {
			simpler = append(simpler, body)
		}
	case c == '[':
		var elements []json.RawMessage
		if json.Unmarshal(value, &elements) != nil || len(elements) == 0 {
			return nil
		}
		for i := range elements {
			fewer, err := json.Marshal(slices.Delete(slices.Clone(elements), i, i+1))
			if err == nil {
				simpler = append(simpler, fewer)
			}
		}
	case c == '"':
		simpler = [][]byte{[]byte(`""`), []byte(`"a"`)}
	case c == '-' || c >= '0' && c <= '9':
		simpler = [][]byte{[]byte("0"), []byte("1"), []byte("10"), []byte("100")}
		if c == '-' {
			simpler = append(simpler, []byte("-1"), []byte("-10"), []byte("-100"))
		}
	}
	return simpler
}
