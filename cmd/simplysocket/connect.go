package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/DhruvikDonga/simplysocket/client"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// connectCommand is `simplysocket connect`.
type connectCommand struct {
	URL   string   `arg:"" name:"url" help:"Address of the server or of its page: ws, wss, http or https; ws if there is no scheme, and /ws if there is no path."`
	Room  []string `placeholder:"NAME" help:"Join this room. Repeatable."`
	Token string   `placeholder:"TOKEN" help:"Authenticate with this bearer token."`
	TLSCA string   `name:"tls-ca" placeholder:"FILE" help:"Trust the certificates in this file too, in PEM."`
	JSON  bool     `help:"Print messages as lines of JSON, as in a pipe."`
}

// Help implements [kong.HelpProvider].
func (c *connectCommand) Help() string {
	return "Lines that you type go to the room joined last; /help lists what else you can do." +
		" In a pipe every line of the input is sent, every message received is printed as a line of JSON," +
		" and the program ends at the end of the input, once everything sent is answered." +
		" The exit status is 1 if anything was refused." +
		" After a connection breaks the program reconnects and prints what it missed, or says that it is lost."
}

// Validate checks the names of the rooms.
func (c *connectCommand) Validate() error {
	for _, name := range c.Room {
		if err := protocol.ValidName(name); err != nil {
			return fmt.Errorf("--room %q: %w", name, err)
		}
	}
	return nil
}

// Run talks until the user or the server ends it.
func (c *connectCommand) Run(ctx context.Context, s streams) error {
	address, err := webSocketURL(c.URL)
	if err != nil {
		return usageError{err}
	}
	session := newSession(c.console(s))
	o, err := c.options(session)
	if err != nil {
		return err
	}
	conn, err := client.Dial(ctx, address, o)
	if err != nil {
		return refusal(err)
	}
	return session.run(ctx, conn, c.Room)
}

// options returns the client options for the flags. The client reports what happens to
// the session.
func (c *connectCommand) options(s *session) (*client.Options, error) {
	o := &client.Options{
		OnReceive: s.receive,
		OnState:   s.notice,
		OnRoom:    s.attend(nil),
		Lobby:     s.attend(nil),
		Logger:    slog.New(slog.DiscardHandler), // the session reports it
	}
	if c.Token != "" {
		o.Token = func(context.Context) (string, error) { return c.Token, nil }
	}
	if c.TLSCA != "" {
		roots, err := trusting(c.TLSCA)
		if err != nil {
			return nil, err
		}
		o.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return o, nil
}

// refusal says why the server refused the connection, if it said so.
func refusal(err error) error {
	var refused *client.RefusedError
	if errors.As(err, &refused) {
		return fmt.Errorf("the server answered %d %s: %s", refused.Status, http.StatusText(refused.Status), refused.Message)
	}
	var closed *client.CloseError
	if errors.As(err, &closed) {
		return closedForGood(closed)
	}
	return err
}

// trusting returns the system's certificates and those in the file.
func trusting(path string) (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate in the file", path)
	}
	return roots, nil
}

// webSocketURL returns the ws or wss URL for an address. Without a scheme it is ws. The
// address of a page, as a browser shows it, stands for the ws next to the page.
func webSocketURL(address string) (string, error) {
	full := address
	if !strings.Contains(address, "://") {
		full = "http://" + address
	}
	u, err := url.Parse(full)
	if err != nil {
		return "", fmt.Errorf("%q is not the address of a server: %w", address, errors.Unwrap(err))
	}
	page := false
	switch u.Scheme {
	case "ws", "wss":
	case "http":
		u.Scheme, page = "ws", true
	case "https":
		u.Scheme, page = "wss", true
	default:
		return "", fmt.Errorf("%q does not begin with ws://, wss://, http:// or https://", address)
	}
	if u.Hostname() == "" {
		return "", fmt.Errorf("%q has no host", address)
	}
	switch {
	case u.Path == "":
		u.Path = "/ws"
	case page && strings.HasSuffix(u.Path, "/"):
		u.Path += "ws"
	}
	u.Fragment, u.RawFragment = "", "" // a WebSocket URL has none (RFC 6455 section 3)
	return u.String(), nil
}
