package simplysocket

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"unicode"

	"github.com/DhruvikDonga/simplysocket/internal/socket"
)

// origin is the origin of a page (RFC 6454 section 4), normalized so that equal
// origins compare equal: lower case, an IP address as net/netip writes it, and the
// port given where the scheme has a default.
type origin struct {
	scheme string
	host   string // an IPv6 address without brackets
	port   uint16 // 0: not given, and the scheme has no default
}

// originPattern is an entry of [Options.Origins]. A label "*" of its host stands
// for any one label.
type originPattern struct {
	any bool // "*" alone
	origin
}

// parseOrigins refuses what no origin can ever match: it would look like a
// permission and be none.
func parseOrigins(patterns []string) ([]originPattern, error) {
	parsed := make([]originPattern, 0, len(patterns))
	for _, text := range patterns {
		p, err := parseOriginPattern(text)
		if err != nil {
			return nil, &OptionError{Field: "Origins", Reason: fmt.Sprintf("has %q: %v", text, err)}
		}
		parsed = append(parsed, p)
	}
	return parsed, nil
}

var (
	errNullOrigin   = errors.New("null is the origin of every sandboxed page and local file and cannot be allowed by itself")
	errOriginForm   = errors.New("an origin has the form scheme://host or scheme://host:port, without a path")
	errOriginPort   = errors.New("a port is a number from 1 to 65535")
	errOriginIPv6   = errors.New("an IPv6 address is written as in http://[::1]:8080, without a zone")
	errOriginIPv4   = errors.New("a host that ends in a number is an IPv4 address of four decimal numbers")
	errOriginHost   = errors.New("browsers send a host as letters a to z, digits, '-', '_' and '.', and other letters in the form xn--")
	errOriginScheme = errors.New("no page has an origin with this scheme; most have http or https")
	errOriginStar   = errors.New("* stands for one whole part of a host, and the last part must be named")
	errManyOrigins  = errors.New("there is more than one Origin")
)

func parseOriginPattern(text string) (originPattern, error) {
	if text == "*" {
		return originPattern{any: true}, nil
	}
	o, err := parseOrigin(text)
	if err == nil && (o.scheme == "ws" || o.scheme == "wss" || o.scheme == "file") {
		err = errOriginScheme
	}
	return originPattern{origin: o}, err
}

// parseOrigin parses an origin or a pattern of origins.
func parseOrigin(text string) (origin, error) {
	if text == "null" {
		return origin{}, errNullOrigin
	}
	scheme, authority, ok := strings.Cut(strings.ToLower(text), "://")
	switch {
	case !ok || !isScheme(scheme) || authority == "" || strings.ContainsAny(authority, "/?#@ ,"):
		return origin{}, errOriginForm
	case strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII }):
		return origin{}, errOriginHost
	}
	host, port, err := parseAuthority(authority)
	if err != nil {
		return origin{}, err
	}
	return origin{scheme, host, port}.withPort(), nil
}

// withPort fills in the scheme's default port.
func (o origin) withPort() origin {
	switch {
	case o.port != 0:
	case o.scheme == "http":
		o.port = 80
	case o.scheme == "https":
		o.port = 443
	}
	return o
}

// isScheme checks for a scheme in lower case (RFC 3986 section 3.1).
func isScheme(s string) bool {
	for i, r := range s {
		switch {
		case 'a' <= r && r <= 'z':
		case i > 0 && ('0' <= r && r <= '9' || strings.ContainsRune("+-.", r)):
		default:
			return false
		}
	}
	return s != ""
}

// parseAuthority parses host and port, in lower case; 0 is no port.
func parseAuthority(text string) (host string, port uint16, err error) {
	var digits string
	var hasPort bool
	if strings.HasPrefix(text, "[") {
		inside, after, closed := strings.Cut(text[1:], "]")
		ip, err := netip.ParseAddr(inside)
		before, number, colon := strings.Cut(after, ":")
		if err != nil || !closed || !ip.Is6() || ip.Zone() != "" || before != "" {
			return "", 0, errOriginIPv6
		}
		host, digits, hasPort = ip.String(), number, colon
	} else {
		host, digits, hasPort = strings.Cut(text, ":")
		if strings.Contains(digits, ":") {
			return "", 0, errOriginIPv6
		}
		if err := checkHost(host); err != nil {
			return "", 0, err
		}
	}
	if !hasPort {
		return host, 0, nil
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || n == 0 {
		return "", 0, errOriginPort
	}
	return host, uint16(n), nil
}

// checkHost checks the labels of a name or an IPv4 address. A dot at its end
// belongs to it, as in browsers: example.com. is not example.com.
func checkHost(host string) error {
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	for _, label := range labels {
		switch {
		case label == "*":
		case strings.Contains(label, "*"):
			return errOriginStar
		case label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "":
			return errOriginHost
		}
	}
	last := labels[len(labels)-1]
	if last == "*" {
		return errOriginStar
	}
	hex, isHex := strings.CutPrefix(last, "0x")
	if strings.Trim(last, "0123456789") == "" || isHex && strings.Trim(hex, "0123456789abcdef") == "" {
		if ip, err := netip.ParseAddr(host); err != nil || !ip.Is4() {
			return errOriginIPv4
		}
	}
	return nil
}

// matches compares scheme and port exactly and the host label by label.
func (p originPattern) matches(o origin) bool {
	if p.scheme != o.scheme || p.port != o.port {
		return false
	}
	want, got := strings.Split(p.host, "."), strings.Split(o.host, ".")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != "*" && want[i] != got[i] {
			return false
		}
	}
	return true
}

// checkOrigin keeps other sites' pages from acting as the user who looks at
// them (RFC 6455 section 10.2). Programs that are not browsers send no Origin.
func (s *Server) checkOrigin(r *http.Request) error {
	values := r.Header["Origin"]
	if len(values) == 0 {
		return nil
	}
	if len(values) > 1 {
		return foreignOrigin(r, errManyOrigins)
	}
	for _, p := range s.origins {
		if p.any {
			return nil
		}
	}
	o, err := parseOrigin(values[0])
	if err == nil && strings.Contains(o.host, "*") {
		err = errOriginHost
	}
	if err != nil {
		return foreignOrigin(r, err)
	}
	if o.isOf(r) {
		return nil
	}
	for _, p := range s.origins {
		if p.matches(o) {
			return nil
		}
	}
	return foreignOrigin(r, nil)
}

// isOf reports whether o is the origin that the request was sent to. Without TLS
// the scheme is not known, since a proxy may have ended it; with TLS it is https.
func (o origin) isOf(r *http.Request) bool {
	if o.scheme != "https" && (o.scheme != "http" || r.TLS != nil) {
		return false
	}
	host, port, err := parseAuthority(strings.ToLower(r.Host))
	return err == nil && o == origin{o.scheme, host, port}.withPort()
}

// originError refuses a page of an origin that is not allowed. The response says
// only that; the log has the rest.
type originError struct {
	*socket.HandshakeError
	origin, host string // as they were sent
	malformed    error  // why no option but "*" could allow the origin, or nil
}

func foreignOrigin(r *http.Request, malformed error) error {
	return &originError{
		HandshakeError: socket.Refuse(http.StatusForbidden, "origin not allowed"),
		origin:         strings.Join(r.Header["Origin"], ", "),
		host:           r.Host,
		malformed:      malformed,
	}
}

// Unwrap returns the answer to the request.
func (e *originError) Unwrap() error { return e.HandshakeError }

// attrs are what an operator needs to know, and the option to set.
func (e *originError) attrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("origin", loggable(e.origin)), slog.String("host", loggable(e.host))}
	if e.malformed == nil {
		return append(attrs, slog.String("option", "Origins="+loggable(e.origin)))
	}
	return append(attrs, slog.String("reason", e.malformed.Error()))
}

// loggable bounds what strangers can write to the log.
func loggable(text string) string {
	const most = 300 // more than scheme, name (253) and port take
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}
