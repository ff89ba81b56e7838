package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// certificate makes a self-signed one for 127.0.0.1.
func certificate(t testing.TB) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile = write(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
	keyFile = write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})))
	return certFile, keyFile
}

func TestTLS(t *testing.T) {
	cert, key := certificate(t)
	s := serve(t, "--tls-cert="+cert, "--tls-key="+key)
	if !strings.HasPrefix(s.url, "https://") || !strings.HasPrefix(s.webSocket, "wss://") {
		t.Errorf("logged %q and %q", s.url, s.webSocket)
	}
	alice := connect(t, s.url, "--tls-ca="+cert, "--room=games")
	alice.stdout.until(`"re":"join-room"`)
	bob := connect(t, s.webSocket, "--tls-ca="+cert, "--room=games")
	bob.enter("hello")
	alice.stdout.until(`"hello"`)

	stranger := start(t, "connect", s.webSocket)
	stranger.exit(1)
	stranger.stderr.until("certificate")

	roots, err := trusting(cert)
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSuffix(strings.TrimPrefix(s.url, "https://"), "/")
	conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := conn.ConnectionState().NegotiatedProtocol; got != "http/1.1" {
		t.Errorf("the protocol is %q", got)
	}
	if err := conn.Close(); err != nil { // a shutdown waits for connections that have not sent a request yet
		t.Fatal(err)
	}
	bob.stop()
	bob.exit(0)
	s.stop()
	s.exit(0)
	alice.stop()
	alice.exit(0)
}
