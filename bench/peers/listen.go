package main

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
)

// listen serves h at /ws on a port that the system chooses.
func listen(c config, h http.Handler) (*http.Server, net.Addr, error) {
	mux := http.NewServeMux()
	mux.Handle("/ws", h)
	s := &http.Server{
		Handler: mux,
		// Clients that leave during the handshake are part of the load.
		ErrorLog:  log.New(io.Discard, "", 0),
		Protocols: new(http.Protocols),
	}
	s.Protocols.SetHTTP1(true)

	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	address := l.Addr()
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			_ = l.Close()
			return nil, nil, err
		}
		l = tls.NewListener(l, &tls.Config{
			Certificates: []tls.Certificate{pair},
			MinVersion:   tls.VersionTLS13,
			NextProtos:   []string{"http/1.1"},
		})
	}
	go func() { _ = s.Serve(l) }() // until the server is closed
	return s, address, nil
}
