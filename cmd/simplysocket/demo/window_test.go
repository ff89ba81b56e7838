package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// startBrowser starts Chromium and returns the context that its windows open in. A plain
// go test skips these tests.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	if os.Getenv("SIMPLYSOCKET_BROWSER") != "required" {
		t.Skip("SIMPLYSOCKET_BROWSER=required uses the page in a browser")
	}
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		t.Fatal("no chromium, chromium-browser or google-chrome in PATH")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, // containers run as root, which the sandbox does not allow
		chromedp.DisableGPU,
		chromedp.WindowSize(1280, 800),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	// A browser that closed by itself has finished all its writes.
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("the browser did not close: %v", err)
		}
	})
	return ctx
}

// window is a browser window that shows the page.
type window struct {
	t   *testing.T
	ctx context.Context
	id  string // the client ID of its client

	mu       sync.Mutex
	problems []string
}

// unreachable matches what Chromium itself logs while the server is down or going down,
// or the window is offline.
var unreachable = regexp.MustCompile(`^error: WebSocket connection to '[^']*' failed: .*(net::ERR_CONNECTION_|net::ERR_INTERNET_DISCONNECTED|response code: 503|before receiving a handshake response)`)

// newWindow opens an empty window. It closes with the test, which fails if anything was
// written to its console: an error, or something that the policy blocked.
func newWindow(t *testing.T, browser context.Context) *window {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	w := &window{t: t, ctx: ctx}
	console := chromedp.Console(ctx)
	read := make(chan struct{})
	go func() {
		defer close(read)
		for m, err := range console {
			if err != nil {
				return
			}
			if m.Type == chromedp.ConsoleDebug || unreachable.MatchString(m.String()) {
				continue
			}
			w.mu.Lock()
			w.problems = append(w.problems, fmt.Sprintf("%v (%s:%d)", m, m.URL, m.Line))
			w.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-read
		for _, problem := range w.problems {
			t.Errorf("console of %s: %s", w.id, problem)
		}
	})
	return w
}

// visit opens the page in a new window and waits until it is in its room.
func visit(t *testing.T, browser context.Context, s *site, hash string) *window {
	t.Helper()
	w := newWindow(t, browser)
	w.navigate(s.url(hash))
	w.until(`$("#composer:not([hidden])") && $("#me .name")`)
	w.id = value[string](w, `$("#me .name").title`)
	return w
}

func (w *window) navigate(url string) {
	w.t.Helper()
	w.do(chromedp.Navigate(url))
}

func (w *window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		w.t.Fatalf("%s: %v", w.id, err)
	}
}

// inPage gives expressions two short names for finding elements.
const inPage = `const $ = (css) => document.querySelector(css), $$ = (css) => [...document.querySelectorAll(css)];`

func value[T any](w *window, expression string) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](fmt.Sprintf("(() => { %s return (%s) })()", inPage, expression), chromedp.EvalAwaitPromise))
	if err != nil {
		w.t.Fatalf("%s: %s: %v", w.id, expression, err)
	}
	return v
}

// until waits for an expression to be true. It polls, since the page's policy would block
// the waiting functions of chromedp.
func (w *window) until(format string, args ...any) {
	w.t.Helper()
	expression := fmt.Sprintf(format, args...)
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	wait := fmt.Sprintf(`new Promise((done) => {
		%s
		const holds = () => { try { return %s } catch { return false } }; // elements may not exist yet
		const look = () => holds() ? done(true) : setTimeout(look, 10);
		look();
	})`, inPage, expression)
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](wait, chromedp.EvalAwaitPromise)); err != nil {
		w.t.Fatalf("%s waits for %s: %v\n%s", w.id, expression, err, value[string](w, `document.body.innerText`))
	}
}

// click clicks a visible element with the mouse.
func (w *window) click(css string) {
	w.t.Helper()
	w.do(chromedp.Click(chromedp.CSS(css), chromedp.NodeVisible))
}

// fill types into an empty field.
func (w *window) fill(css, text string) {
	w.t.Helper()
	w.do(chromedp.SendKeys(chromedp.CSS(css), text, chromedp.NodeVisible))
}

// write sends a message with the keyboard.
func (w *window) write(text string) {
	w.t.Helper()
	w.fill("#text", text)
	w.enter()
}

// enter presses the key as a keyboard does: a handler that cancels the key's down event
// also cancels its character. The two events that chromedp sends for it are independent
// of each other.
func (w *window) enter() {
	w.t.Helper()
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
		key := input.DispatchKeyEventParams{Type: kind, Key: "Enter", Code: "Enter", Text: "\r", WindowsVirtualKeyCode: '\r'}
		if _, err := chromedp.Call(w.ctx, input.DispatchKeyEvent, key); err != nil {
			w.t.Fatalf("%s: %v", w.id, err)
		}
	}
}

// reads waits for a line with that text in the room that is shown.
func (w *window) reads(text string) {
	w.t.Helper()
	w.until(`$$(".transcript:not([hidden]) .line[data-state=done] .text").some((node) => node.textContent === %s)`, quote(text))
}

// isTold waits for a notice in the room that is shown.
func (w *window) isTold(format string, args ...any) {
	w.t.Helper()
	w.until(`$$(".transcript:not([hidden]) .notice").some((node) => node.textContent === %s)`, quote(fmt.Sprintf(format, args...)))
}

// isIn waits for the window to show a room with that many members.
func (w *window) isIn(room string, members int) {
	w.t.Helper()
	w.until(`$("#room-name").textContent === %s && $$("#members > li").length === %d`, quote(room), members)
}

// create makes a room through the dialog.
func (w *window) create(room, capacity, password string) {
	w.t.Helper()
	w.click("#new-room")
	w.fill("#create-dialog [name=room]", room)
	if capacity != "" {
		w.fill("#create-dialog [name=capacity]", capacity)
	}
	if password != "" {
		w.fill("#create-dialog [name=password]", password)
	}
	w.click("#create-dialog [type=submit]")
	w.until(`!$("#create-dialog").open`)
	w.isIn(room, 1)
}

// look sets the size of the window and whether it is light or dark.
func (w *window) look(width, height int64, scale float64, scheme string) {
	w.t.Helper()
	w.do(chromedp.EmulateViewport(width, height, chromedp.EmulateScale(scale)))
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	if _, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		w.t.Fatal(err)
	}
}

// networkRule says offline twice: some releases of Chromium require it in the one place,
// some in the other.
type networkRule struct {
	Offline bool `json:"offline"`
	network.EmulateNetworkConditionsByRuleParams
}

// online turns the window's network on or off, and makes the page notice.
func (w *window) online(is bool) {
	w.t.Helper()
	rule := networkRule{Offline: !is, EmulateNetworkConditionsByRuleParams: network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{DownloadThroughput: -1, UploadThroughput: -1, Offline: !is}},
	}}
	emulate := cdp.Command[networkRule, network.EmulateNetworkConditionsByRuleResult]{Method: network.CommandEmulateNetworkConditionsByRule}
	if _, err := chromedp.Call(w.ctx, emulate, rule); err != nil {
		w.t.Fatalf("%s: %v", w.id, err)
	}
	state := network.OverrideNetworkStateParams{DownloadThroughput: -1, UploadThroughput: -1, Offline: !is}
	if _, err := chromedp.Call(w.ctx, network.OverrideNetworkState, state); err != nil {
		w.t.Fatalf("%s: %v", w.id, err)
	}
}

func short(id string) string { return id[:6] }

// quote returns text as JavaScript writes it.
func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(quoted)
}
