package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
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
			return errors.New("is no path; give one such as /tagger, of letters, digits and -._~")
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
		return errors.New("is no address; give an IP address, or a network such as 10.0.0.0/8")
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
			return errors.New("is no origin; give one such as https://example.org, or * for all")
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
		return errors.New("is no name; give one such as tagifai.internal, without a port")
	}
	*h = Hostname(text)
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
