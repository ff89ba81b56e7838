package demo

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/DhruvikDonga/simplysocket"
)

var screenshot = flag.String("screenshot", "", "write a screenshot of the page in use to this PNG file")

// TestBrowserScreenshot takes the screenshot that the README shows:
//
//	go test ./cmd/simplysocket/demo -run BrowserScreenshot -screenshot ../../../docs/images/demo.png
func TestBrowserScreenshot(t *testing.T) {
	if *screenshot == "" {
		t.Skip("no -screenshot file")
	}
	w := conversation(t, startBrowser(t))
	w.picture(*screenshot, 1280, 800, "light")
}

// conversation is a conversation of three people; it returns the window of one of them.
func conversation(t *testing.T, browser context.Context) *window {
	t.Helper()
	s := open(t, simplysocket.Options{})
	ben := visit(t, browser, s, "#room=lunch")
	ben.create("chess/table-4", "2", "")
	ben.create("planning", "8", "sesame")
	cho := visit(t, browser, s, "#room=chess/table-4")
	ana := visit(t, browser, s, "#room=lunch")
	for _, w := range []*window{ben, cho} {
		w.navigateTo("general")
	}
	ana.navigateTo("general")
	ana.isIn("general", 3)

	for _, line := range []struct {
		from *window
		text string
	}{
		{ben, "Good morning! Is everybody in?"},
		{cho, "Just arrived."},
		{cho, "The release is out, by the way: rooms open when somebody comes and close when they are empty."},
		{ana, "Lovely. And a full room?"},
		{cho, "Tells you that it is full. Look at chess/table-4."},
		{ben, "Whoever likes noodles, come to lunch at noon."},
	} {
		line.from.write(line.text)
		ana.reads(line.text)
	}
	ben.click(fmt.Sprintf(`#members button[title=%q]`, ana.id))
	ben.write("Keep this to yourself: there will be cake.")
	ana.reads("Keep this to yourself: there will be cake.")
	ana.write("I was never here.")
	ana.reads("I was never here.")
	ben.navigateTo("lunch")
	ben.write("Noodles?")
	ben.write("I have booked a table.")
	ana.until(`$("#my-rooms [data-key=lunch] .badge").textContent === "2"`)
	ana.until(`$$("#open-rooms li").length === 2`)
	return ana
}

// navigateTo changes the link of the window, which enters that room.
func (w *window) navigateTo(room string) {
	w.t.Helper()
	value[string](w, `location.hash = `+quote("#room="+room))
	w.until(`$("#room-name").textContent === %s`, quote(room))
}

func (w *window) picture(file string, width, height int64, scheme string) {
	w.t.Helper()
	w.look(width, height, 1.5, scheme)
	w.do(chromedp.Blur(chromedp.CSS("#text")))
	png, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		w.t.Fatal(err)
	}
}
