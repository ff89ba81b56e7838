//go:build linux

package main

// config is the only argument of a candidate's process.
type config struct {
	Candidate string `json:"candidate"`
	Describe  bool   `json:"describe,omitempty"` // say what you are, and end
	Deflate   bool   `json:"deflate,omitempty"`
	Cert      string `json:"cert,omitempty"` // a file, in PEM: serve TLS
	Key       string `json:"key,omitempty"`
	TickMS    int    `json:"tick_ms,omitempty"`  // each room says something so often
	FlushMS   int    `json:"flush_ms,omitempty"` // ... or collects what it says for so long
	Resume    bool   `json:"resume,omitempty"`   // clients come back for what they have missed
	Body      int    `json:"body,omitempty"`     // bytes of a message's body
	Batch     int    `json:"batch,omitempty"`    // messages that come at once
}

// description is what a candidate says of itself.
type description struct {
	Name    string `json:"name"`
	Library string `json:"library"`
	Version string `json:"version"`
	Differs string `json:"differs"` // from the others
}
