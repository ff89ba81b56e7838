package socket

import (
	"bufio"
	"io"
	"net/http"
	"strings"
)

// refusalBytes bounds what is read of a refusal's body.
const refusalBytes = 1024

// readRefusal reads the response of a server that did not upgrade.
func readRefusal(status int, response io.Reader) *DialError {
	e := &DialError{Status: status}
	parsed, err := http.ReadResponse(bufio.NewReader(response), nil)
	if err != nil {
		return e
	}
	defer parsed.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(parsed.Body, refusalBytes))
	e.Header, e.Body = parsed.Header, strings.TrimSpace(string(body))
	return e
}
