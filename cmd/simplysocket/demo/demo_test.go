package demo

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/DhruvikDonga/simplysocket/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

func request(t *testing.T, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, http.NoBody)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func TestHandler(t *testing.T) {
	for _, tt := range []struct {
		method, target string
		status         int
		contentType    string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8"},
		{"GET", "/?x=1", 200, "text/html; charset=utf-8"},
		{"HEAD", "/", 200, "text/html; charset=utf-8"},
		{"GET", "/app.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/simplysocket.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/base.css", 200, "text/css; charset=utf-8"},
		{"GET", "/icon.svg", 200, "image/svg+xml"},
		{"GET", "/index.html", 404, "text/plain; charset=utf-8"},
		{"GET", "/static/app.js", 404, "text/plain; charset=utf-8"},
		{"GET", "/app.js/", 404, "text/plain; charset=utf-8"},
		{"GET", "/demo.go", 404, "text/plain; charset=utf-8"},
		{"POST", "/nowhere", 404, "text/plain; charset=utf-8"},
		{"POST", "/", 405, "text/plain; charset=utf-8"},
		{"DELETE", "/app.js", 405, "text/plain; charset=utf-8"},
	} {
		t.Run(tt.method+" "+tt.target, func(t *testing.T) {
			response := request(t, tt.method, tt.target)
			h := response.Header
			if response.StatusCode != tt.status || h.Get("Content-Type") != tt.contentType {
				t.Errorf("got %s %q", response.Status, h.Get("Content-Type"))
			}
			if tt.status == 405 && h.Get("Allow") != "GET, HEAD" {
				t.Errorf("Allow: %q", h.Get("Allow"))
			}
			if tt.status == 200 && (h.Get("ETag") == "" || h.Get("Cache-Control") != "no-cache") {
				t.Errorf("ETag %q, Cache-Control %q", h.Get("ETag"), h.Get("Cache-Control"))
			}
			body, _ := io.ReadAll(response.Body)
			if (tt.status == 200 && tt.method == "GET") != (len(body) > 100) {
				t.Errorf("%d bytes", len(body))
			}
			if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("headers %v", h)
			}
			policy := h.Get("Content-Security-Policy")
			for _, directive := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
				"connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} {
				if !strings.Contains(policy+";", directive+";") {
					t.Errorf("no %s in %q", directive, policy)
				}
			}
			if strings.Contains(policy, "unsafe") {
				t.Errorf("policy %q", policy)
			}
		})
	}
}

func TestNotModified(t *testing.T) {
	tags := map[string]string{}
	for _, target := range []string{"/", "/app.js", "/simplysocket.js", "/base.css"} {
		tag := request(t, "GET", target).Header.Get("ETag")
		if other, ok := tags[tag]; ok {
			t.Errorf("%s has the tag of %s", target, other)
		}
		tags[tag] = target
		if got := request(t, "GET", target, "If-None-Match", tag); got.StatusCode != http.StatusNotModified {
			t.Errorf("%s: %s for a file that has not changed", target, got.Status)
		}
		if got := request(t, "GET", target, "If-None-Match", `"of another version"`); got.StatusCode != http.StatusOK {
			t.Errorf("%s: %s for a file that has changed", target, got.Status)
		}
	}
}

// TestShared: other origins can import the client, and nothing else.
func TestShared(t *testing.T) {
	for target, want := range map[string]string{"/simplysocket.js": "*", "/": "", "/app.js": "", "/nowhere": ""} {
		h := request(t, "GET", target, "Origin", "https://example.com").Header
		if got := h.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s: Access-Control-Allow-Origin %q, want %q", target, got, want)
		}
	}
}

// TestAssets rejects what the policy would block in the browser, and anything that would
// turn text into markup or load something from elsewhere.
func TestAssets(t *testing.T) {
	inMarkup := regexp.MustCompile(`(?i)<script(?:[^>]*)>[^<]|<style|\sstyle=|\son\w+=|javascript:`)
	inCode := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|setHTML|createContextualFragment|DOMParser|srcdoc|\beval\b|\bFunction\(|\bimport\(`)
	elsewhere := regexp.MustCompile(`(?i)\b(?:https?|wss?|data|blob):|["'(]//|@import`)
	own := strings.NewReplacer(
		`xmlns="http://www.w3.org/2000/svg"`, "", // the name of a language; it is never fetched
		`"http://www.w3.org/2000/svg"`, "",
		`"https:"`, "",
	)
	err := fs.WalkDir(static, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(static, name)
		if err != nil {
			return err
		}
		text := own.Replace(string(content))
		for _, banned := range []*regexp.Regexp{inMarkup, inCode, elsewhere} {
			if found := banned.FindString(text); found != "" {
				t.Errorf("%s holds %q", name, found)
			}
		}
		if lines := strings.Count(text, "\n"); lines >= 400 {
			t.Errorf("%s has %d lines", name, lines)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
