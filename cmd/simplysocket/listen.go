package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// defaultAddress is reached from this machine only.
const defaultAddress = "127.0.0.1:8080"

// unixPrefix begins the address of a Unix socket.
const unixPrefix = "unix:"

// listener listens, with or without TLS.
type listener struct {
	net.Listener
	secure bool
}

// listen listens on the address of the flags.
func (c *serveCommand) listen() (*listener, error) {
	config, err := c.tls()
	if err != nil {
		return nil, err
	}
	l, err := c.plain()
	switch {
	case err != nil:
		return nil, err
	case config == nil:
		return &listener{Listener: l}, nil
	default:
		return &listener{Listener: tls.NewListener(l, config), secure: true}, nil
	}
}

// plain listens without TLS.
func (c *serveCommand) plain() (net.Listener, error) {
	address, err := c.address()
	if err != nil {
		return nil, usageError{err}
	}
	if path, ok := strings.CutPrefix(address, unixPrefix); ok {
		return listenUnix(path, os.FileMode(c.SocketMode))
	}
	l, err := net.Listen("tcp", address)
	var wrong *net.AddrError
	if errors.As(err, &wrong) {
		return nil, usageError{fmt.Errorf("--addr %q: %s; it is host:port, as in 127.0.0.1:8080 or :8080", address, wrong.Err)}
	}
	return l, err
}

// address is the address to listen on. Platforms that start programs set PORT to the port
// they send requests to.
func (c *serveCommand) address() (string, error) {
	if c.Addr != "" {
		return c.Addr, nil
	}
	port := os.Getenv("PORT")
	if port == "" {
		return defaultAddress, nil
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("the environment variable PORT is %q, which is not a port; give --addr or unset PORT", port)
	}
	return ":" + port, nil
}

// tls returns nil without a certificate.
func (c *serveCommand) tls() (*tls.Config, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	certificate, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{certificate},
		MinVersion:   tls.VersionTLS12,
		// HTTP/2 has a WebSocket handshake of its own (RFC 8441), which the library does
		// not support.
		NextProtos: []string{"http/1.1"},
	}, nil
}

// unix reports whether the listener is a Unix socket.
func (l *listener) unix() bool { return l.Addr().Network() == "unix" }

// where is how the log says to reach the listener.
func (l *listener) where() []any {
	if l.unix() {
		return []any{"address", unixPrefix + l.Addr().String()}
	}
	return []any{"url", l.url("http") + "/", "websocket", l.url("ws") + "/ws"}
}

// url is where a client on this machine finds the listener, with the given scheme or its
// secure variant. For a listener on every address it is localhost; clients cannot connect
// to 0.0.0.0 and [::].
func (l *listener) url(scheme string) string {
	if l.secure {
		scheme += "s"
	}
	address := l.Addr().String()
	if ap, err := netip.ParseAddrPort(address); err == nil && ap.Addr().IsUnspecified() {
		_, port, _ := net.SplitHostPort(address)
		address = net.JoinHostPort("localhost", port)
	}
	return scheme + "://" + address
}
