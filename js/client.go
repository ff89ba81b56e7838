// Package js holds the client for browsers, so that a server can serve it to its
// pages without Node.js.
package js

import _ "embed"

// Client is the client as one minified ES module, with the exports that README
// shows.
//
//go:embed dist/simplysocket.js
var Client []byte
