package room_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/DhruvikDonga/simplysocket/internal/room"
)

// began is when the rooms of the tests open.
var began = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// config is the configuration of a room in the tests. Its name says what kind it is.
func config(kind string) room.Config {
	return room.Config{
		Name: kind, Server: "server", Epoch: 77, Seed: [2]uint64{1, 2}, Opened: began,
		Lobby: kind == "lobby" || kind == "hall", Plain: kind == "relay",
		AnnounceMaxMembers: 4, EmptyTimeout: 30 * time.Second, DeliveriesPerSecond: map[string]int{"lobby": 6, "hall": 6}[kind],
	}
}

// app is an application that obeys messages. It declares all that it keeps, so what it does
// depends only on the room and the entry. Of its kinds, relay and lobby forward what they
// receive, hall is a lobby with handlers, and broken and leaving fail in their setup.
// Others also obey the profile of a member that leaves, drops or resumes, and the profile
// of the member "closer" when the room closes.
type app struct {
	kind     string
	recorded bool
	m        *room.Machine
	tally    tally
	ledger   ledger
}

// order is the body of a message: what the application should do.
type order struct {
	Text     string          `json:"text,omitempty"`
	Who      string          `json:"who,omitempty"`
	Only     []string        `json:"only,omitempty"`
	Except   []string        `json:"except,omitempty"`
	Key      string          `json:"key,omitempty"`
	Volatile bool            `json:"volatile,omitempty"`
	Policy   room.Overflow   `json:"policy,omitempty"`
	Name     string          `json:"name,omitempty"`
	After    int             `json:"after,omitempty"` // seconds
	N        int             `json:"n,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
	Then     string          `json:"then,omitempty"`  // how the handler ends
	Later    string          `json:"later,omitempty"` // how the timer or task that it starts ends
}

func (a *app) Setup(m *room.Machine) error {
	a.m = m
	m.Record(a.recorded)
	a.tally, a.ledger = tally{}, ledger{m: m, fields: []room.Field{}}
	m.Declare(room.Declaration{Name: "tally", Version: 1, Value: &a.tally})
	m.Declare(room.Declaration{Name: "ledger", Value: &a.ledger})
	switch a.kind {
	case "broken":
		return errors.New("no setup")
	case "leaving":
		runtime.Goexit()
	case "ticking":
		m.Every(10 * time.Second)
		m.SetTimer("bell", 25*time.Second, json.RawMessage(`{"text":"from the setup"}`))
	case "stamped":
		m.SetTimestamps(true)
		m.SetHistory(room.HistorySinceJoin)
	}
	m.SetRelaying(a.kind == "relay" || a.kind == "lobby", false)
	return nil
}

func (a *app) Join(j *room.Join) error {
	if a.passes() {
		return nil
	}
	var o order
	_ = json.Unmarshal(j.Params, &o)
	if a.kind == "hall" {
		if err := a.m.Broadcast("entered", encode(order{Text: j.ID}), &room.Send{}); err != nil {
			return err
		}
	}
	switch o.Text {
	case "":
	case "nothing":
		j.Welcome, j.Announce = encode(order{}), encode(order{})
	default:
		j.Welcome, j.Announce = encode(order{Text: "welcome, " + o.Text}), encode(order{Text: o.Text + " is here"})
	}
	return a.obey(j.ID, &o, j.Params, o.Name)
}

func (a *app) Leave(m *room.Member, reason room.LeaveReason) error {
	if a.passes() {
		return nil
	}
	if err := a.m.Broadcast("hook", encode(order{Text: m.ID + " " + reason.String()}), &room.Send{}); err != nil {
		return err
	}
	return a.obeyProfile(m)
}

func (a *app) Drop(m *room.Member) error {
	if a.passes() {
		return nil
	}
	return a.obeyProfile(m)
}

func (a *app) Resume(m *room.Member) error {
	if a.passes() {
		return nil
	}
	a.m.SendTo(m, "hook", encode(order{Text: "back"}), "")
	return a.obeyProfile(m)
}

// passes reports whether there are no handlers.
func (a *app) passes() bool { return a.kind == "relay" || a.kind == "lobby" }

// obeyProfile does what a member's profile says: its name is the action.
func (a *app) obeyProfile(m *room.Member) error {
	var o order
	_ = json.Unmarshal(m.Info, &o)
	return a.obey("", &o, m.Info, o.Name)
}

func (a *app) Message(m *room.Member, e *room.Entry) (json.RawMessage, error) {
	var o order
	if err := json.Unmarshal(e.Body, &o); err != nil {
		return nil, room.BadBody(err)
	}
	err := a.obey(e.Member, &o, e.Body, e.Action)
	if o.Then == "reply" {
		return encode(order{N: a.m.Len()}), err
	}
	return nil, err
}

func (a *app) Server(e *room.Entry) (json.RawMessage, error) {
	var o order
	if err := json.Unmarshal(e.Body, &o); err != nil {
		return nil, room.BadBody(err)
	}
	return encode(order{N: a.m.Len()}), a.obey("", &o, e.Body, e.Action)
}

func (a *app) Direct(from, to *room.Member, e *room.Entry) error {
	if strings.Contains(string(e.Body), "forbidden") {
		return room.Errorf("forbidden", "not from %s to %s", from.ID, to.ID)
	}
	return nil
}

func (a *app) Timer(name string, body json.RawMessage) error {
	if body == nil {
		return a.m.Broadcast("bare-timer", body, &room.Send{})
	}
	var o order
	_ = json.Unmarshal(body, &o)
	if err := a.m.Broadcast("timer", encode(order{Name: name, Text: o.Text}), &room.Send{}); err != nil {
		return err
	}
	return a.obey("", &o, body)
}

func (a *app) Tick(index int) error {
	return a.m.Broadcast("tick", encode(order{N: index}), &room.Send{})
}

func (a *app) Restore(down time.Duration) error {
	if a.passes() {
		return nil
	}
	return a.m.Broadcast("hook", encode(order{Text: "restored", After: int(down / time.Second)}), &room.Send{})
}

func (a *app) Task(name string, query, result json.RawMessage, failed *room.Failure, interrupted bool) error {
	if query == nil {
		return a.m.Broadcast("bare-task", query, &room.Send{})
	}
	o := order{Name: name, Data: query}
	switch {
	case interrupted:
		o.Text = "interrupted"
	case failed != nil:
		o.Text = failed.Message
	default:
		o.Text = string(result)
	}
	if err := a.m.Broadcast("task", encode(o), &room.Send{}); err != nil {
		return err
	}
	var started order
	_ = json.Unmarshal(query, &started)
	return a.obey("", &started, query)
}

func (a *app) Close() error {
	if a.passes() {
		return nil
	}
	if err := a.m.Broadcast("hook", encode(order{Text: "closing"}), &room.Send{}); err != nil {
		return err
	}
	if m := a.m.Member("closer"); m != nil {
		return a.obeyProfile(m)
	}
	return nil
}

// obey carries out the actions that the tests use.
func (a *app) obey(from string, o *order, body json.RawMessage, actions ...string) error {
	m := a.m
	for _, action := range actions {
		switch action {
		case "say":
			if err := m.Broadcast("said", body, &room.Send{
				Only: o.Only, ToOnly: o.Only != nil, Except: o.Except, Key: o.Key, Volatile: o.Volatile, From: from, Overflow: o.Policy,
			}); err != nil {
				return err
			}
		case "tell":
			if to := m.Member(o.Who); to != nil {
				m.SendTo(to, "told", body, from)
			}
		case "kick":
			if who := m.Member(o.Who); who != nil {
				m.Kick(who)
			}
		case "close":
			m.Close()
		case "set-timer":
			m.SetTimer(o.Name, time.Duration(o.After)*time.Second, encode(order{Text: o.Text, Then: o.Later}))
		case "set-bare-timer":
			m.SetTimer(o.Name, time.Duration(o.After)*time.Second, nil)
		case "stop-timer":
			m.StopTimer(o.Name)
		case "start-task":
			m.StartTask(o.Name, encode(order{N: o.N, Then: o.Later}))
		case "start-bare-task":
			m.StartTask(o.Name, nil)
		case "join-other":
			if who := m.Member(from); who != nil {
				m.JoinRoom(who, o.Name, json.RawMessage("{}"))
			}
		case "tell-other":
			m.Tell(o.Name, "told", body)
		case "roll":
			if err := m.Broadcast("rolled", encode(order{N: m.Rand().IntN(1_000_000)}), &room.Send{}); err != nil {
				return err
			}
		case "count":
			a.tally.N++
			if err := m.Broadcast("counted", encode(a.tally), &room.Send{}); err != nil {
				return err
			}
		case "write":
			a.ledger.write(o.Name, encode(o.Text))
		case "erase":
			a.ledger.erase(o.Name)
		case "mark":
			property := room.Property{Value: o.Text, Form: encode(o.Text), Listed: o.N == 1}
			m.SetProperty(nil, o.Name, property)
			if who := m.Member(from); who != nil {
				if who.Face == nil {
					who.Face = new(room.Properties)
				}
				m.SetProperty(who, o.Name, property)
			}
		case "read":
			if err := m.Broadcast("state", a.state(), &room.Send{}); err != nil {
				return err
			}
		case "set-capacity":
			m.SetCapacity(o.N)
		case "set-hidden":
			m.SetHidden(o.N > 0)
		case "set-properties":
			m.SetProperties(encode(order{Text: o.Text}))
		case "set-overflow":
			m.SetOverflow(o.Policy)
		case "set-history":
			m.SetHistory(room.HistoryAccess(o.N))
		case "set-presence":
			m.SetPresence(o.N > 0)
		case "set-timestamps":
			m.SetTimestamps(o.N > 0)
		case "set-interval":
			m.SetInterval(time.Duration(o.N) * time.Millisecond)
		}
	}
	switch o.Then {
	case "fail":
		return room.Errorf("no-way", "%s", o.Text)
	case "break":
		return &room.Fault{Text: "broken: " + o.Text}
	case "panic":
		panic(o.Text)
	case "exit":
		if m.IsClosing() { // nobody would complete the close
			return &room.Panic{Text: "exit", Exit: true}
		}
		runtime.Goexit()
	}
	return nil
}

// state shows all that the application keeps.
func (a *app) state() json.RawMessage {
	shown := map[string]any{"tally": a.tally, "ledger": a.ledger.fields}
	show := func(who string, p *room.Properties) {
		for n := range 3 {
			name := fmt.Sprint("x", n)
			if held, ok := p.Get(name); ok {
				shown[who+" "+name] = held.Form
			}
		}
	}
	show("room", a.m.Properties())
	for m := range a.m.Members() {
		if m.Face != nil {
			show(m.ID, m.Face.Properties())
		}
	}
	return encode(shown)
}

// tally is a state.
type tally struct{ N int }

func (v *tally) Fields() ([]room.Field, error) { return []room.Field{{Form: encode(*v)}}, nil }

func (v *tally) Track() {}

func (v *tally) Changes() ([]room.Field, error) { return v.Fields() }

func (v *tally) Replace(fields []room.Field) error { return json.Unmarshal(fields[0].Form, v) }

// ledger is a table in the order in which its keys were written last.
type ledger struct {
	m       *room.Machine
	fields  []room.Field
	written []room.Field
}

func (v *ledger) Fields() ([]room.Field, error) { return v.fields, nil }

func (v *ledger) Replace(fields []room.Field) error {
	v.fields, v.written = append([]room.Field{}, fields...), slices.Clone(fields)
	return nil
}

func (v *ledger) Track() {}

// Changes deletes all that was there, and sets all that is.
func (v *ledger) Changes() (changed []room.Field, err error) {
	for _, f := range v.written {
		changed = append(changed, room.Field{Key: f.Key})
	}
	v.written = slices.Clone(v.fields)
	return append(changed, v.fields...), nil
}

func (v *ledger) write(key string, form json.RawMessage) {
	v.erase(key)
	v.fields = append(v.fields, room.Field{Key: key, Form: form})
}

func (v *ledger) erase(key string) {
	before := v.fields
	v.m.OnRevoke(func() { v.fields = before })
	v.fields = slices.DeleteFunc(slices.Clone(v.fields), func(f room.Field) bool { return f.Key == key })
}

// snapshot encodes a room. All that the application of the tests keeps has a JSON form.
func snapshot(m *room.Machine) []byte {
	b, err := m.Snapshot(nil)
	if err != nil {
		panic(err)
	}
	return b
}

// apply applies an entry, and closes the room if a hook ends the goroutine.
func apply(m *room.Machine, e *room.Entry) *room.Output {
	return outlive(m.Exited, func() *room.Output { return m.Apply(e) })
}

// open opens a room.
func open(cfg room.Config, a *app) (*room.Machine, *room.Output) {
	out := outlive(func() *room.Output { return a.m.Exited() }, func() *room.Output {
		_, out := room.Open(cfg, a)
		return out
	})
	return a.m, out
}

// outlive runs f on a goroutine of its own and, if that does not return, exited.
func outlive(exited, f func() *room.Output) (out *room.Output) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		out = f()
	}()
	<-done
	if out == nil {
		out = exited()
	}
	return out
}

func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

// describe shows an output as text.
func describe(b *strings.Builder, out *room.Output) {
	kinds := []string{"all", "except", "only", "enter", "exit", "drop", "resume", "page", "duplicate", "gone"}
	for i := range out.Items {
		it := &out.Items[i]
		fmt.Fprintf(b, "%s", kinds[it.Kind])
		if it.Kind == room.ItemExcept || it.Kind == room.ItemOnly {
			fmt.Fprintf(b, "%v", it.Numbers)
		}
		if !it.IsFrame() && it.Number != 0 {
			fmt.Fprintf(b, " number=%d", it.Number)
		}
		if it.Seq != 0 {
			fmt.Fprintf(b, " seq=%d", it.Seq)
		}
		switch it.Kind {
		case room.ItemEnter:
			fmt.Fprintf(b, " member=%s members=%d", it.Member, it.Members)
		case room.ItemExit:
			fmt.Fprintf(b, " member=%s members=%d %v", it.Member, it.Members, it.Reason)
		case room.ItemResume:
			fmt.Fprintf(b, " seen=%d/%d", it.Seen.Epoch, it.Seen.Seq)
		case room.ItemPage:
			fmt.Fprintf(b, " id=%d before=%d since=%t", it.ID, it.Before, it.Since)
		case room.ItemDuplicate:
			fmt.Fprintf(b, " id=%d re=%s", it.ID, it.Re)
		case room.ItemAll, room.ItemExcept, room.ItemOnly, room.ItemDrop, room.ItemGone:
		}
		for _, flag := range []struct {
			set  bool
			name string
		}{{it.Away, "away"}, {it.Notice, "notice"}, {it.Ordered, "ordered"}, {it.Silent, "silent"}, {it.Restart, "restart"}, {it.Lost, "lost"}} {
			if flag.set {
				fmt.Fprintf(b, " %s", flag.name)
			}
		}
		if it.Ordered && it.Overflow != room.OverflowDisconnect {
			fmt.Fprintf(b, " policy=%d", it.Overflow)
		}
		if it.Key != "" {
			fmt.Fprintf(b, " key=%q", it.Key)
		}
		if payload := out.Payload(it); len(payload) > 0 {
			fmt.Fprintf(b, "\n  %s", payload)
		}
		b.WriteByte('\n')
	}
	for _, e := range out.Effects {
		fmt.Fprintf(b, "%s %s number=%d member=%s %s\n", map[room.EffectKind]string{room.EffectTask: "task", room.EffectJoin: "join"}[e.Kind], e.Name, e.Number, e.Member, e.Body)
	}
	if r := out.Reply; r.Err != nil || r.Body != nil || r.BadGuess {
		fmt.Fprintf(b, "reply %s", r.Body)
		if r.Err != nil {
			fmt.Fprintf(b, "error: %v", r.Err)
		}
		if r.BadGuess {
			b.WriteString(" (bad guess)")
		}
		b.WriteByte('\n')
	}
	for _, f := range out.Failures {
		fmt.Fprintf(b, "problem %q: %v\n", f.Where, f.Err)
	}
	if out.Deliveries > 0 {
		fmt.Fprintf(b, "deliveries %d\n", out.Deliveries)
	}
	if out.Closed {
		b.WriteString("closed\n")
	}
}
