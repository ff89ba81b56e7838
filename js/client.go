// Package js embeds the client for browsers, so that a Go server can serve it without
// Node.js.
package js

import _ "embed"

// Client is the client as one minified ES module. README.md documents its exports.
//
//go:embed dist/simplysocket.js
var Client []byte
