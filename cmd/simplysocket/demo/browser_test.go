package demo

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/DhruvikDonga/simplysocket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// TestBrowser uses the page as people do, in windows of a real browser.
func TestBrowser(t *testing.T) {
	browser := startBrowser(t)
	for _, tt := range []struct {
		name string
		test func(*testing.T, context.Context)
	}{
		{"Talk", testTalk},
		{"TextStaysText", testTextStaysText},
		{"Direct", testDirect},
		{"FullAndLockedRooms", testFullAndLockedRooms},
		{"ManyRooms", testManyRooms},
		{"Break", testBreak},
		{"Resume", testResume},
		{"Restart", testRestart},
		{"Disconnected", testDisconnected},
		{"Removed", testRemoved},
		{"NotSent", testNotSent},
		{"Pace", testPace},
		{"LongTranscript", testLongTranscript},
		{"Phone", testPhone},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, browser) })
	}
}

func testTalk(t *testing.T, browser context.Context) {
	s := open(t, simplysocket.Options{})
	a := visit(t, browser, s, "")
	a.isIn("general", 1)
	a.isTold("Welcome client %s", short(a.id))
	a.until(`$(".quiet:not([hidden]) a").textContent === "Open this page in a second window"`)
	a.until(`$("#connection").textContent === "Connected" && location.hash === "#room=general"`)

	b := visit(t, browser, s, "#room=general")
	b.isIn("general", 2)
	b.isTold("Welcome client %s", short(b.id))
	a.isTold("Client %s joined the room", short(b.id))
	a.isIn("general", 2)
	a.until(`$(".quiet").hidden && $('#members [title=%s]')`, quote(b.id))

	a.write("good morning")
	a.reads("good morning")
	b.reads("good morning")
	b.until(`$('.line[data-sender=%s] .name').textContent === %s`, quote(a.id), quote(short(a.id)))
	b.write("good morning to you")
	b.reads("good morning to you")
	a.reads("good morning to you")
	order := `$$(".line .text").map((node) => node.textContent).join("|") === "good morning|good morning to you"`
	a.until("%s", order)
	b.until("%s", order)

	b.click("#leave-room")
	b.until(`!$("#no-room").hidden && $("#composer").hidden`)
	a.isTold("Client %s left the room", short(b.id))
	a.isIn("general", 1)
	b.click(`#open-rooms [data-key="general"] button`)
	b.isIn("general", 2)
	b.until(`document.activeElement.id === "text"`)
}

func testTextStaysText(t *testing.T, browser context.Context) {
	s := open(t, simplysocket.Options{})
	a, b := visit(t, browser, s, ""), visit(t, browser, s, "")
	for _, text := range []string{
		`<script>document.title='owned'</script>`,
		`<img src=x onerror="document.title='owned'">`,
		`<b>&amp;</b> %s \u003c "'`,
	} {
		a.write(text)
		a.reads(text)
		b.reads(text)
	}
	for _, w := range []*window{a, b} {
		w.until(`$$(".line .text").every((node) => node.childElementCount === 0) && document.title.endsWith("SimplySocket")`)
	}
}

func testDirect(t *testing.T, browser context.Context) {
	s := open(t, simplysocket.Options{})
	a, b, c := visit(t, browser, s, ""), visit(t, browser, s, ""), visit(t, browser, s, "")
	a.isIn("general", 3)

	a.click(fmt.Sprintf(`#members button[title=%q]`, b.id))
	a.until(`!$("#recipient").hidden && $("#recipient .name").title === %s`, quote(b.id))
	a.write("between us")
	a.reads("between us")
	b.reads("between us")
	a.until(`$(".line[data-own] .alone").textContent === "only to %s"`, short(b.id))
	b.until(`$(".line .alone").textContent === "only to you"`)

	// A later message, in the same order for all, shows that this one did not arrive.
	a.fill("#text", kb.Escape)
	a.until(`$("#recipient").hidden`)
	a.write("for all")
	for _, w := range []*window{a, b, c} {
		w.reads("for all")
	}
	c.until(`$$(".line").length === 1`)
}

func testFullAndLockedRooms(t *testing.T, browser context.Context) {
	s := open(t, simplysocket.Options{})
	a := visit(t, browser, s, "")
	a.create("tiny", "1", "")
	a.create("secret", "5", "sesame")
	a.click("#new-room")
	a.fill("#create-dialog [name=room]", "tiny")
	a.click("#create-dialog [type=submit]")
	a.until(`$("#create-dialog .problem").textContent.startsWith("tiny exists already")`)
	a.click(`#create-dialog [value=cancel]`)

	b := visit(t, browser, s, "")
	b.until(`$("#open-rooms [data-key=tiny]").textContent === "tiny1/10" && $("#open-rooms [data-key=tiny]").dataset.full === "true"`)
	b.until(`$("#open-rooms [data-key=secret] .signs svg").getAttribute("aria-label") === "asks for a password"`)
	b.click(`#open-rooms [data-key=tiny] button`)
	b.until(`!$("#notice").hidden && $("#notice-text").textContent === "tiny is full: it has one place."`)

	b.click(`#open-rooms [data-key=secret] button`)
	b.fill("#password-dialog input", "open"+kb.Enter)
	b.until(`$("#password-dialog .problem").textContent === "This is not the password."`)
	b.fill("#password-dialog input", "sesame"+kb.Enter)
	b.until(`!$("#password-dialog").open`)
	b.isIn("secret", 2)
	b.until(`$("#room-facts").textContent === "2 of 5 members, with a password"`)

	// A link to a locked room asks for the password as well.
	c := newWindow(t, browser)
	c.navigate(s.url("#room=secret"))
	c.until(`$("#password-dialog").open && $("#password-ask").textContent === "secret asks for a password"`)
}

func testManyRooms(t *testing.T, browser context.Context) {
	s := open(t, simplysocket.Options{})
	a := visit(t, browser, s, "")
	b := visit(t, browser, s, "#room=chat/weekend")
	a.click(`#open-rooms [data-key="chat/weekend"] button`)
	a.isIn("chat/weekend", 2)
	a.click(`#my-rooms [data-key=general] button`)
	a.isIn("general", 1)

	b.write("one")
	b.write("two")
	a.until(`$('#my-rooms [data-key="chat/weekend"] .badge').textContent === "2" && document.title === "(2) general · SimplySocket"`)
	a.write("here")
	a.reads("here")
	a.until(`$$(".transcript:not([hidden]) .line").length === 1`)

	a.fill("#text", "a draft")
	a.click(`#my-rooms [data-key="chat/weekend"] button`)
	a.reads("one")
	a.reads("two")
	a.until(`document.title === "chat/weekend · SimplySocket" && location.hash === "#room=chat/weekend" && $("#text").value === ""`)
	a.click(`#my-rooms [data-key=general] button`)
	a.until(`$("#text").value === "a draft"`)
}

// testBreak loses the connection while the room handles a message, so that neither the
// message nor its ack arrives over it.
func testBreak(t *testing.T, browser context.Context) {
	s := open(t, simplysocket.Options{})
	s.HandleRoom("general", func(room *simplysocket.Room) error {
		room.OnMessage(func(_ *simplysocket.Member, message *simplysocket.Message) error {
			if message.MessageBody["message"] == "cut" {
				s.cut()
			}
			return room.Deliver(message)
		})
		return nil
	})
	a := visit(t, browser, s, "")
	a.write("cut")
	a.reads("cut")
	a.until(`$("#me .name").title === %s`, quote(a.id))
	a.write("and on")
	a.reads("and on")
	a.until(`$$(".line .text").map((node) => node.textContent).join() === "cut,and on" && $$(".notice").length === 1`)
}

// testResume disables one window's network, with the browser's own switch, while another
// window talks.
func testResume(t *testing.T, browser context.Context) {
	s := open(t, simplysocket.Options{})
	a, b := visit(t, browser, s, ""), visit(t, browser, s, "")
	a.isIn("general", 2)
	a.write("before")
	b.reads("before")

	b.online(false)
	b.until(`$("#connection").textContent === "Offline" && $("#offline-text").textContent === "The connection is lost. Connecting again by itself."`)
	away := fmt.Sprintf(`$('#members li[title=away]:has(button[title=%s])')`, quote(b.id))
	a.until(`%s.textContent.endsWith("away")`, away)
	for i := range 5 {
		a.write(fmt.Sprint("meanwhile ", i))
		a.reads(fmt.Sprint("meanwhile ", i))
	}

	b.online(true)
	b.until(`$("#connection").textContent === "Connected" && $("#offline").hidden && $("#me .name").title === %s`, quote(b.id))
	b.write("after")
	for _, w := range []*window{a, b} {
		w.reads("after")
		w.until(`$$(".line .text").map((node) => node.textContent).join() === "before,meanwhile 0,meanwhile 1,meanwhile 2,meanwhile 3,meanwhile 4,after"`)
		w.until(`$$(".notice").every((node) => node.textContent !== "Some messages did not reach you.")`)
	}
	a.until(`!%s && $$("#members li").length === 2`, away)
}

func testRestart(t *testing.T, browser context.Context) {
	s := open(t, simplysocket.Options{})
	a := visit(t, browser, s, "")
	a.create("secret", "2", "sesame")
	b := visit(t, browser, s, "")

	s.stop()
	for _, w := range []*window{a, b} {
		w.until(`$("#connection").textContent !== "Connected" && !$("#offline").hidden && $("#send").disabled`)
	}
	s.start(simplysocket.Options{})
	for _, w := range []*window{a, b} {
		w.until(`$("#connection").textContent === "Connected" && $("#offline").hidden && $("#me .name")`)
		before := w.id
		w.id = value[string](w, `$("#me .name").title`)
		if w.id == before {
			t.Errorf("the client is still %s", before)
		}
		w.isTold("Some messages did not reach you.")
		w.isTold("Welcome client %s", short(w.id))
	}
	a.isIn("secret", 1)
	a.until(`$('#members [title=%s]')`, quote(a.id))
	a.click(`#my-rooms [data-key=general] button`)
	for _, w := range []*window{a, b} {
		w.isIn("general", 2)
		w.until(`$('#members [title=%s]') && $('#members [title=%s]')`, quote(a.id), quote(b.id))
	}
	a.write("back again")
	b.reads("back again")
	// The room is as it was, no matter who opened it again.
	b.until(`$("#open-rooms [data-key=secret]").textContent === "secret1/20" && $("#open-rooms [data-key=secret] .signs svg")`)
}

func testDisconnected(t *testing.T, browser context.Context) {
	s := open(t, simplysocket.Options{})
	a := visit(t, browser, s, "")
	s.Client(a.id).Disconnect(4003, "enough")
	a.until(`$("#connection").textContent === "Disconnected" && $("#offline-text").textContent.trim() === "The server has disconnected you."`)
	a.click("#connect-now")
	a.isIn("general", 1)
}

func testRemoved(t *testing.T, browser context.Context) {
	s := open(t, simplysocket.Options{})
	s.HandleRoom("general", func(room *simplysocket.Room) error {
		room.OnMessage(func(m *simplysocket.Member, message *simplysocket.Message) error {
			if message.MessageBody["message"] == "close" {
				room.Close()
			} else {
				m.Kick()
			}
			return nil
		})
		return nil
	})
	a := visit(t, browser, s, "")
	for text, notice := range map[string]string{"kick": "You were removed from the room.", "close": "The room was closed."} {
		a.write(text)
		a.isTold("%s", notice)
		a.until(`$("#composer").hidden && $("#room-facts").textContent === ""`)
		a.click("#join-again")
		a.isIn("general", 1)
		a.until(`$("#outside").hidden`)
	}
}

// testNotSent: a room refuses a message until it is sent again.
func testNotSent(t *testing.T, browser context.Context) {
	s := open(t, simplysocket.Options{})
	s.HandleRoom("general", func(room *simplysocket.Room) error {
		refused := false
		room.OnMessage(func(m *simplysocket.Member, message *simplysocket.Message) error {
			if message.MessageBody["message"] == "twice" && !refused {
				refused = true
				return simplysocket.Errorf(protocol.CodeRateLimited, "too often")
			}
			return room.Deliver(message)
		})
		return nil
	})
	a := visit(t, browser, s, "")
	a.write("twice")
	a.until(`$(".line[data-state=failed] .outcome span").textContent === "Not sent. That was too often. Wait a moment and try again."`)
	a.write("once")
	a.reads("once")
	a.click(".line[data-state=failed] .again")
	a.reads("twice")
	a.until(`$$(".line .text").map((node) => node.textContent).join() === "once,twice"`)
}

// testPace: nothing fails when a user writes faster than the server accepts.
func testPace(t *testing.T, browser context.Context) {
	s := open(t, simplysocket.Options{MessageRate: 5, MessageBurst: 8})
	a := visit(t, browser, s, "")
	for i := range 10 {
		a.write(fmt.Sprint(i))
	}
	a.until(`$$(".line[data-state=done] .text").map((node) => node.textContent).join() === "0,1,2,3,4,5,6,7,8,9"`)
}

func testLongTranscript(t *testing.T, browser context.Context) {
	s := open(t, simplysocket.Options{})
	a := visit(t, browser, s, "")
	say := func(text string) {
		t.Helper()
		if err := s.Room("general").Broadcast("send-message", map[string]any{"message": text}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 600 {
		say(fmt.Sprint("line ", i))
	}
	a.reads("line 599")
	a.until(`$$(".transcript li").length === 500`)
	inView := `(() => {
		const line = $(".line:last-child").getBoundingClientRect(), scroller = $(".scroller").getBoundingClientRect();
		return line.top >= scroller.top && line.bottom <= scroller.bottom;
	})()`
	a.until("%s", inView)

	// New messages do not move the view of somebody who reads older ones.
	value[float64](a, `$(".scroller").scrollTop = -3000`)
	a.until(`$(".scroller").scrollTop === -3000`)
	say("line 600")
	a.until(`$(".latest").checkVisibility() && !%s && $(".scroller").scrollTop < -2500`, inView)
	a.click(".latest")
	a.until(`!$(".latest").checkVisibility() && %s`, inView)
}

func testPhone(t *testing.T, browser context.Context) {
	s := open(t, simplysocket.Options{})
	a := newWindow(t, browser)
	a.look(390, 844, 1, "light")
	a.navigate(s.url(""))
	a.isIn("general", 1)
	b := visit(t, browser, s, "")
	b.create("a-room-with-a-name-that-is-as-long-as-the-list-of-rooms-is-wide-and-longer", "1000", "")
	b.click(`#my-rooms [data-key=general] button`)
	b.write("a-word-that-does-not-end-" + fmt.Sprintf("%0120d", 0))
	b.write("and a sentence that needs more than one line on a telephone, as sentences do")
	a.reads("and a sentence that needs more than one line on a telephone, as sentences do")

	narrow := `document.documentElement.scrollWidth <= 390 && $$("body *").every((node) => !node.checkVisibility({ visibilityProperty: true }) || node.getBoundingClientRect().right <= 390.5)`
	a.until("%s", narrow)
	a.click("#show-rooms")
	a.until(`$("#rooms-panel").checkVisibility({ visibilityProperty: true }) && $("#talk").inert && %s`, narrow)
	a.click(`#open-rooms li button`)
	a.until(`!$("#rooms-panel").checkVisibility({ visibilityProperty: true }) && $("#room-name").textContent.startsWith("a-room-with")`)
	a.isIn(value[string](a, `$("#room-name").textContent`), 2)
	a.until("%s", narrow)
	a.click("#show-members")
	a.until(`$("#members-panel").checkVisibility({ visibilityProperty: true }) && %s`, narrow)
	a.click(fmt.Sprintf(`#members button[title=%q]`, b.id))
	a.until(`!$("#talk").inert && !$("#recipient").hidden && %s`, narrow)
}
