package demo

import (
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"testing"

	"github.com/DhruvikDonga/simplysocket"
)

// under starts a proxy that strips the prefix, and returns the page's address behind it.
func under(t *testing.T, prefix string, s *site) *url.URL {
	t.Helper()
	server := &url.URL{Scheme: "http", Host: s.address}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(server)
		r.Out.Host = r.In.Host
		r.SetXForwarded()
	}}
	front := httptest.NewServer(http.StripPrefix(prefix, proxy))
	t.Cleanup(front.Close)
	u, err := url.Parse(front.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.JoinPath(prefix, "/")
}

// TestPrefix follows the references of the page and its scripts.
func TestPrefix(t *testing.T) {
	reference := regexp.MustCompile(`(?:(?:href|src)="([^"#]+)"|from "([^"]+)")`)
	for _, prefix := range []string{"/app", "/a/b c"} {
		page := under(t, prefix, open(t, simplysocket.Options{}))
		found := map[string]bool{page.String(): true}
		for queue := []*url.URL{page}; len(queue) > 0; queue = queue[1:] {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, queue[0].String(), http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			request.Close = true
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if err != nil || response.StatusCode != http.StatusOK {
				t.Errorf("%s: %s, %v", queue[0], response.Status, err)
				continue
			}
			for _, match := range reference.FindAllStringSubmatch(string(text), -1) {
				next, err := queue[0].Parse(match[1] + match[2])
				if err != nil {
					t.Fatal(err)
				}
				if !found[next.String()] {
					found[next.String()] = true
					queue = append(queue, next)
				}
			}
		}
		if len(found) < 15 {
			t.Errorf("%s: found only %d files", prefix, len(found))
		}
	}
}

// TestNoAbsolutePaths: a path in a string that begins with "/" would bypass the prefix.
func TestNoAbsolutePaths(t *testing.T) {
	absolute := regexp.MustCompile("[\"'`]/[^>].*")
	files, err := fs.Glob(static, "static/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		content, err := fs.ReadFile(static, name)
		if err != nil {
			t.Fatal(err)
		}
		if found := absolute.Find(content); found != nil {
			t.Errorf("%s holds %s", name, found)
		}
	}
}

// TestPrefixInBrowser: people talk under a prefix.
func TestPrefixInBrowser(t *testing.T) {
	browser := startBrowser(t)
	page := under(t, "/app", open(t, simplysocket.Options{})).String()
	a, b := visitPage(t, browser, page), visitPage(t, browser, page+"#room=general")
	a.isIn("general", 2)
	a.write("good morning")
	b.reads("good morning")
	a.until(`$(".quiet a").href === %s`, quote(page+"#room=general"))
}

// visitPage is visit for a page at another address than its site.
func visitPage(t *testing.T, browser context.Context, page string) *window {
	t.Helper()
	w := newWindow(t, browser)
	w.navigate(page)
	w.until(`$("#composer:not([hidden])") && $("#me .name")`)
	w.id = value[string](w, `$("#me .name").title`)
	return w
}
