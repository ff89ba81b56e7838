package simplysocket

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// originPattern is an allowed origin (RFC 6454 section 6.1), lower case.
type originPattern struct {
	any    bool
	scheme string
	host   string // with its port, if it has one; "*" stands for one label
}

func parseOrigins(patterns []string) ([]originPattern, error) {
	parsed := make([]originPattern, 0, len(patterns))
	for _, p := range patterns {
		if p == "*" {
			parsed = append(parsed, originPattern{any: true})
			continue
		}
		scheme, host, ok := strings.Cut(strings.ToLower(p), "://")
		if !ok || scheme == "" || host == "" || strings.ContainsAny(host, "/?#@ ") {
			return nil, wrongOrigin("has %q, which is not of the form scheme://host or scheme://host:port", p)
		}
		for label := range strings.SplitSeq(hostname(host), ".") {
			if label != "*" && strings.Contains(label, "*") || label == "" {
				return nil, wrongOrigin("has %q, but * stands for a whole part of the host", p)
			}
		}
		parsed = append(parsed, originPattern{scheme: scheme, host: host})
	}
	return parsed, nil
}

func wrongOrigin(format, pattern string) error {
	return &OptionError{Field: "Origins", Reason: fmt.Sprintf(format, pattern)}
}

func hostname(host string) string {
	if name, _, ok := strings.Cut(host, ":"); ok && !strings.HasPrefix(host, "[") {
		return name
	}
	return host
}

// originAllowed keeps other sites' pages from acting as the user who looks at
// them (RFC 6455 section 10.2). Programs that are not browsers send no Origin.
func (s *Server) originAllowed(r *http.Request) bool {
	values := r.Header.Values("Origin")
	if len(values) == 0 {
		return true
	}
	for _, p := range s.origins {
		if p.any {
			return true
		}
	}
	origin, err := url.Parse(strings.ToLower(values[0]))
	if err != nil || len(values) > 1 || origin.Scheme == "" || origin.Host == "" || origin.User != nil || origin.Path != "" {
		return false
	}
	if origin.Host == strings.ToLower(r.Host) {
		return true
	}
	for _, p := range s.origins {
		if p.scheme == origin.Scheme && matchHost(p.host, origin.Host) {
			return true
		}
	}
	return false
}

func matchHost(pattern, host string) bool {
	if !strings.Contains(pattern, "*") {
		return pattern == host
	}
	want, got := strings.Split(pattern, "."), strings.Split(host, ".")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] == got[i] || want[i] == "*" && got[i] != "" {
			continue
		}
		last, port, ok := strings.Cut(want[i], ":")
		name, gotPort, gotOK := strings.Cut(got[i], ":")
		if last != "*" || name == "" || !ok || !gotOK || port != gotPort {
			return false
		}
	}
	return true
}
