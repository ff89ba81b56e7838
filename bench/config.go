//go:build linux

package main

// config is the only argument of a candidate's process.
type config struct {
	Candidate string `json:"candidate"`
	Describe  bool   `json:"describe,omitempty"` // describe the candidate, and exit
	Deflate   bool   `json:"deflate,omitempty"`
	Cert      string `json:"cert,omitempty"` // a file, in PEM: serve TLS
	Key       string `json:"key,omitempty"`
	TickMS    int    `json:"tick_ms,omitempty"`  // each room sends a message at this interval
	FlushMS   int    `json:"flush_ms,omitempty"` // ... or collects its output for this long
	Resume    bool   `json:"resume,omitempty"`   // clients reconnect for what they have missed
	Body      int    `json:"body,omitempty"`     // bytes of a message's body
	Batch     int    `json:"batch,omitempty"`    // messages that arrive at once
}

// description is what a candidate says about itself.
type description struct {
	Name    string `json:"name"`
	Library string `json:"library"`
	Version string `json:"version"`
	Differs string `json:"differs"` // from the others
}
