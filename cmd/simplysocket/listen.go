package main

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
)

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
	l, err := net.Listen("tcp", c.Addr)
	var wrong *net.AddrError
	switch {
	case errors.As(err, &wrong):
		return nil, usageError{err}
	case err != nil:
		return nil, err
	case config == nil:
		return &listener{Listener: l}, nil
	default:
		return &listener{Listener: tls.NewListener(l, config), secure: true}, nil
	}
}

// tls returns nil where no certificate is given.
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
		// HTTP/2 has a handshake of its own for WebSockets (RFC 8441), which the
		// library does not speak.
		NextProtos: []string{"http/1.1"},
	}, nil
}

// url is where a client on this machine finds the listener, by the scheme of
// that name or its secure variant. Who listens on every address is found on
// localhost; 0.0.0.0 and [::] are no addresses to go to.
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
