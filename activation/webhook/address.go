package webhook

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// never are networks that nothing is sent to, whatever the configuration
// says: those in which a machine's own services answer without a password,
// and those that are no single machine's.
var never = prefixes(
	"0.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "224.0.0.0/4", "240.0.0.0/4",
	"::/128", "fe80::/10", "ff00::/8", "fd00:ec2::254/128", "fec0::/10",
)

// asked are networks that are sent to only where the configuration allows it:
// loopback, private ones, and others that are no part of the internet.
var asked = prefixes(
	"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"::1/128", "fc00::/7", "100::/64", "2001:db8::/32", "2001::/23", "3fff::/20", "5f00::/16",
)

// holders are IPv6 networks whose addresses hold an IPv4 address, which is
// what is reached in the end, and the byte at which it begins.
var holders = []struct {
	network netip.Prefix
	at      int
}{
	{netip.MustParsePrefix("::/96"), 12},           // IPv4-compatible, RFC 4291
	{netip.MustParsePrefix("::ffff:0:0:0/96"), 12}, // IPv4-translated, RFC 2765
	{netip.MustParsePrefix("64:ff9b::/96"), 12},    // NAT64, RFC 6052
	{netip.MustParsePrefix("64:ff9b:1::/48"), 12},  // NAT64 of a network's own, RFC 8215
	{netip.MustParsePrefix("2002::/16"), 2},        // 6to4, RFC 3056
}

// teredo holds the IPv4 address of a client with all bits turned, RFC 4380.
var teredo = netip.MustParsePrefix("2001::/32")

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// forbiddenError says why an address is not sent to.
type forbiddenError struct {
	address netip.Addr
	never   bool
}

// Error says what to do.
func (e *forbiddenError) Error() string {
	if e.never {
		return fmt.Sprintf("%s is an address that nothing is sent to", e.address)
	}
	return fmt.Sprintf("%s is not on the internet: if it is meant, add its network to webhook.allow_networks", e.address)
}

// guard checks addresses.
type guard struct{ allowed []netip.Prefix }

// check returns a *forbiddenError for an address that may not be sent to. An
// IPv6 address that holds an IPv4 address must pass as both.
func (g guard) check(address netip.Addr) error {
	address = address.WithZone("")
	all := spellings(address)
	if slices.ContainsFunc(all, func(each netip.Addr) bool { return within(each, never) }) {
		return &forbiddenError{address, true}
	}
	for _, each := range all {
		if within(each, asked) && !within(each, g.allowed) && !within(address.Unmap(), g.allowed) {
			return &forbiddenError{address, false}
		}
	}
	return nil
}

// control is a net.Dialer's: it sees each address right before it is dialled,
// so that a name which resolves to another one by now is caught.
func (g guard) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%q is no address: %w", address, err)
	}
	return g.check(at.Addr())
}

// spellings returns an address and the IPv4 addresses that it holds. One that
// is nothing but another way to write an IPv4 address is that alone.
func spellings(address netip.Addr) []netip.Addr {
	if address.Is4() || address.Is4In6() {
		return []netip.Addr{address.Unmap()}
	}
	list := []netip.Addr{address}
	bytes := address.As16()
	for _, h := range holders {
		// ::1 and :: are addresses of their own, not compatible ones.
		if h.network.Contains(address) && !within(address, prefixes("::/127")) {
			list = append(list, netip.AddrFrom4([4]byte(bytes[h.at:h.at+4])))
		}
	}
	if teredo.Contains(address) {
		var client [4]byte
		binary.BigEndian.PutUint32(client[:], ^binary.BigEndian.Uint32(bytes[12:]))
		list = append(list, netip.AddrFrom4(client))
	}
	return list
}

func within(address netip.Addr, networks []netip.Prefix) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(address) })
}
