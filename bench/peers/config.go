package main

import (
	"encoding/json"
	"fmt"
	"time"
)

// config is the one argument of the program: which candidate to run, and what the job
// requires.
type config struct {
	Candidate string `json:"candidate"`
	Deflate   bool   `json:"deflate"`
	Cert      string `json:"cert"` // PEM files; both empty: no TLS
	Key       string `json:"key"`
	TickMS    int    `json:"tick_ms"` // 0: rooms send nothing by themselves
	Body      int    `json:"body"`    // bytes of message_body in a tick's message
	Resume    bool   `json:"resume"`  // clients that reconnect get what they missed

	Describe bool `json:"describe"` // print what the candidate is, and exit
	List     bool `json:"list"`     // print the candidates' names, and exit
}

func parseConfig(args []string) (config, error) {
	var c config
	if len(args) != 1 {
		return c, fmt.Errorf("want one argument, a JSON object; got %d", len(args))
	}
	if err := json.Unmarshal([]byte(args[0]), &c); err != nil {
		return c, fmt.Errorf("the argument: %w", err)
	}
	return c, nil
}

func (c config) tick() time.Duration { return time.Duration(c.TickMS) * time.Millisecond }
