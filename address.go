package simplysocket

import (
	"container/list"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/DhruvikDonga/simplysocket/internal/socket"
	"github.com/DhruvikDonga/simplysocket/protocol"
)

// address returns where a request comes from, in canonical form. X-Forwarded-For is
// trusted from its end, as far as trusted proxies have written it.
func (s *Server) address(r *http.Request) string {
	host, trusted := s.peer(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && trusted; i-- {
		addr, ok := parseAddress(hops[i])
		if !ok {
			break
		}
		host, trusted = addr.String(), s.trusts(addr)
	}
	return host
}

// peer returns the other end of a request's connection. A peer on a Unix socket is
// trusted: it has passed the permissions of the socket's file, and is a proxy.
func (s *Server) peer(r *http.Request) (host string, trusted bool) {
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && local.Network() == "unix" {
		return "unix", true
	}
	if addr, ok := parseAddress(r.RemoteAddr); ok {
		return addr.String(), s.trusts(addr)
	}
	return r.RemoteAddr, false
}

// parseAddress reads an address as proxies write it: with or without a port, an IPv6
// address with or without brackets.
func parseAddress(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone(""), true
}

func (s *Server) trusts(addr netip.Addr) bool {
	mapped := netip.AddrFrom16(addr.As16()) // as a prefix of IPv4 within IPv6 has it
	return slices.ContainsFunc(s.opts.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(addr) || p.Contains(mapped) })
}

// network is what limits by address count: for IPv6 the /64, because one host can use any
// address in it.
func network(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil || addr.Is4() {
		return address
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return address
	}
	return prefix.Masked().String()
}

// addresses counts the connections and disconnected sessions of each network.
type addresses struct {
	mu sync.Mutex
	of map[string]*usage
}

type usage struct {
	connections int
	kept        list.List // of *Client, the oldest first
}

// reserve takes a place for one more client.
func (s *Server) reserve(address string) error {
	if s.clientCount.Add(1) > int64(s.opts.MaxClients) {
		s.clientCount.Add(-1)
		return socket.Refuse(http.StatusServiceUnavailable, string(protocol.CodeLimitExceeded)+": too many clients", "Retry-After", "5")
	}
	if !s.addresses.enter(network(address), s.opts.MaxClientsPerAddress) {
		s.clientCount.Add(-1)
		return socket.Refuse(http.StatusTooManyRequests, string(protocol.CodeLimitExceeded)+": too many clients of your address", "Retry-After", "5")
	}
	return nil
}

// vacate frees the place.
func (s *Server) vacate(address string) {
	s.clientCount.Add(-1)
	s.addresses.leave(network(address))
}

// evict ends disconnected sessions of a network, the oldest first, while it has more of
// them than its share, or more clients and sessions than it may have.
func (s *Server) evict(network string, clients int) {
	for {
		c := s.addresses.oldest(network, clients, s.opts.keptPerAddress())
		if c == nil {
			return
		}
		c.expire(c.connection.Load())
	}
}

// keptPerAddress is how many disconnected sessions a network may have: a quarter of all.
func (o *Options) keptPerAddress() int { return max(o.MaxDisconnectedSessions/4, 1) }

func (a *addresses) enter(network string, limit int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	u := a.of[network]
	if u == nil {
		u = &usage{}
		if a.of == nil {
			a.of = map[string]*usage{}
		}
		a.of[network] = u
	}
	if u.connections >= limit {
		return false
	}
	u.connections++
	return true
}

func (a *addresses) leave(network string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of[network].connections--
	a.forgetIfUnused(network)
}

// keep counts a disconnected session, while its lost connection still counts too. It
// reports whether the network has more of them than its share.
func (a *addresses) keep(network string, c *Client, share int) (place *list.Element, over bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	u := a.of[network]
	return u.kept.PushBack(c), u.kept.Len() > share
}

// release removes a session from the disconnected ones.
func (a *addresses) release(network string, place *list.Element) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of[network].kept.Remove(place)
	a.forgetIfUnused(network)
}

func (a *addresses) forgetIfUnused(network string) {
	if u := a.of[network]; u.connections == 0 && u.kept.Len() == 0 {
		delete(a.of, network)
	}
}

// oldest returns the session that has been disconnected for longest, if the network has
// more than it may.
func (a *addresses) oldest(network string, clients, kept int) *Client {
	a.mu.Lock()
	defer a.mu.Unlock()
	u := a.of[network]
	if u == nil || u.kept.Len() == 0 || u.kept.Len() <= kept && u.connections+u.kept.Len() <= clients {
		return nil
	}
	return u.kept.Front().Value.(*Client)
}
