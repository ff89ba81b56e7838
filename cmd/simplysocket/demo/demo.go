// Package demo is the chat page that the server shows at /, in plain JavaScript
// over the project's own client, embedded in the program.
package demo

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/DhruvikDonga/simplysocket/js"
)

//go:embed static
var static embed.FS

// contentTypes is not left to package mime, whose types depend on the machine.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// policy lets the page load its own files, connect to its own host ('self' covers
// WebSockets too) and do nothing else: no inline code or style, no framing, and no way to
// turn text into markup or code.
var policy = strings.Join([]string{
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self'",
	"img-src 'self'",
	"connect-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
	"require-trusted-types-for 'script'",
	"trusted-types 'none'",
}, "; ")

// Handler serves the page at /, its files, and the client that it uses at
// /simplysocket.js. The page connects to the ws next to it. All its references are
// relative, so a proxy may serve it under any path that ends in "/".
func Handler() http.Handler {
	mux := http.NewServeMux()
	files, err := static.ReadDir("static")
	if err != nil {
		panic(err) // the directory is part of the program
	}
	for _, file := range files {
		content, err := static.ReadFile("static/" + file.Name())
		if err != nil {
			panic(err)
		}
		at := "GET /" + file.Name()
		if file.Name() == "index.html" {
			at = "GET /{$}"
		}
		mux.Handle(at, asset(file.Name(), content))
	}
	mux.Handle("GET /simplysocket.js", shared(asset("simplysocket.js", js.Client)))
	return guarded(mux)
}

// asset serves a file that browsers cache but revalidate before each use, so nobody sees
// the page of an earlier version.
func asset(name string, content []byte) http.Handler {
	contentType, ok := contentTypes[path.Ext(name)]
	if !ok {
		panic(fmt.Sprintf("demo: no content type for %s", name))
	}
	sum := sha256.Sum256(content)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", tag)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	})
}

// shared lets pages of other origins import a file: browsers load modules from another
// origin only if the response allows it. Who may connect is a separate question.
func shared(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		next.ServeHTTP(w, r)
	})
}

// guarded sets the headers of all responses, including errors.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}
