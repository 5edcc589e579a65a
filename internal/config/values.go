package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tagifai/internal/database"
)

// A Path is a path such as /tagger, or "". It has no slash at its end, and nothing in it
// that has a meaning in a URL, a header or HTML.
type Path string

// UnmarshalText reads a path, of which it takes a slash off the end.
func (p *Path) UnmarshalText(text []byte) error {
	s := strings.TrimSuffix(string(text), "/")
	if s != "" {
		segments := strings.Split(s, "/")
		if segments[0] != "" || slices.ContainsFunc(segments[1:], func(segment string) bool {
			return segment == "" || segment == "." || segment == ".." || strings.Trim(segment, unreserved) != ""
		}) {
			return errors.New("is not a path; give one such as /tagger, of letters, digits and -._~")
		}
	}
	*p = Path(s)
	return nil
}

// unreserved are the characters that need no escape anywhere in a URL.
const unreserved = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"

// A Network is a set of IP addresses, maybe of one.
type Network struct{ netip.Prefix }

// UnmarshalText reads an IP address, or a network in CIDR notation.
func (n *Network) UnmarshalText(text []byte) error {
	s := string(text)
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		n.Prefix = netip.PrefixFrom(addr, addr.BitLen())
		return nil
	}
	network, err := netip.ParsePrefix(s)
	switch {
	case err != nil || network.Addr().Is4In6():
		return errors.New("is not an address; give an IP address, or a network such as 10.0.0.0/8")
	case network != network.Masked():
		return fmt.Errorf("is an address within a network; give %s or %s", network.Addr(), network.Masked())
	}
	n.Prefix = network
	return nil
}

// An Origin is what a browser calls the site of a page in the header Origin, or "*" for
// all of them. A star within an origin would match more than it seems to.
type Origin string

// UnmarshalText reads an origin.
func (o *Origin) UnmarshalText(text []byte) error {
	s := string(text)
	if s != "*" {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || !IsHost(u.Host) || !strings.EqualFold(s, u.Scheme+"://"+u.Host) {
			return errors.New("is not an origin; give one such as https://example.org, or * for all")
		}
	}
	*o = Origin(s)
	return nil
}

// A Hostname is a name of a host, without a port.
type Hostname string

// UnmarshalText reads a name.
func (h *Hostname) UnmarshalText(text []byte) error {
	if !IsHost(string(text)) || strings.Trim(string(text), unreserved) != "" {
		return errors.New("is not a name; give one such as tagifai.internal, without a port")
	}
	*h = Hostname(text)
	return nil
}

// A JWKS is where a JWK Set is: a file, or an https URL. Who could change the set on its
// way could make tokens, so http is for this machine alone.
type JWKS string

// UnmarshalText reads the name of a file or a URL.
func (j *JWKS) UnmarshalText(text []byte) error {
	s := JWKS(text)
	if s.IsURL() {
		u, err := url.Parse(string(s))
		switch {
		case err != nil || !IsHost(u.Host):
			return errors.New("is not a URL; give one such as https://issuer.example/jwks.json")
		case u.User != nil:
			return errors.New("has a name or a password in it, which would be shown wherever the settings are; a JWK Set is public")
		case u.Scheme == "http" && !isLoopback(u.Hostname()):
			return errors.New("is not encrypted on its way; give an https URL, or a file")
		case u.Scheme != "http" && u.Scheme != "https":
			return errors.New("is a URL that cannot be read; give an https URL, or a file")
		}
	}
	*j = s
	return nil
}

// IsURL reports whether it is a URL.
func (j JWKS) IsURL() bool { return strings.Contains(string(j), "://") }

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// An Algorithm is one that JSON Web Tokens are signed with. All of them have a public key:
// none signs nothing, and with HS256 who can verify a token can make one.
type Algorithm string

// UnmarshalText reads the name of an algorithm.
func (a *Algorithm) UnmarshalText(text []byte) error {
	if !slices.Contains(algorithms, string(text)) {
		return errors.New("is not an algorithm with a public key; give " + alternatives(algorithms))
	}
	*a = Algorithm(text)
	return nil
}

var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// An Opening is a part of the service that may be open to everybody.
type Opening string

// The parts.
const (
	OpenHealth  Opening = "health"
	OpenDocs    Opening = "docs"
	OpenMetrics Opening = "metrics"
	OpenAdmin   Opening = "admin"
)

// UnmarshalText reads the name of a part.
func (o *Opening) UnmarshalText(text []byte) error {
	parts := []string{string(OpenHealth), string(OpenDocs), string(OpenMetrics), string(OpenAdmin)}
	if !slices.Contains(parts, string(text)) {
		return errors.New("is not a part that can be open; give " + alternatives(parts))
	}
	*o = Opening(text)
	return nil
}

// A DatabaseAddress is where a database is: sqlite:FILE, postgres://…, or "". It may hold a
// password; see [database.Redact].
type DatabaseAddress string

// UnmarshalText reads an address.
func (a *DatabaseAddress) UnmarshalText(text []byte) error {
	if len(text) > 0 {
		if _, _, err := database.Parse(string(text), "schema"); err != nil {
			return fmt.Errorf("cannot be used: %w", err)
		}
	}
	*a = DatabaseAddress(text)
	return nil
}

// IsHost reports whether s is a name or an address, with or without a port.
func IsHost(s string) bool {
	name := s
	if colon := strings.LastIndexByte(s, ':'); colon >= 0 && !strings.HasSuffix(s, "]") {
		if _, err := strconv.ParseUint(s[colon+1:], 10, 16); err != nil {
			return false
		}
		name = s[:colon]
	}
	if v6, ok := strings.CutPrefix(name, "["); ok {
		addr, err := netip.ParseAddr(strings.TrimSuffix(v6, "]"))
		return err == nil && addr.Is6() && addr.Zone() == "" && strings.HasSuffix(v6, "]")
	}
	return name != "" && len(name) <= 255 && strings.Trim(name, unreserved) == ""
}
