package webhook

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
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
	"::1/128", "fc00::/7", "64:ff9b:1::/48", "100::/64", "2001:db8::/32", "2001::/23", "3fff::/20", "5f00::/16",
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
	{netip.MustParsePrefix("2002::/16"), 2},        // 6to4, RFC 3056
}

// teredo holds the IPv4 address of a server, and of a client with all bits
// turned, RFC 4380.
var teredo = netip.MustParsePrefix("2001::/32")

// localNAT64 is NAT64 of a network's own, RFC 8215. Where in it the IPv4
// address is depends on the length that the network has given it, /48, /56,
// /64 or /96 (RFC 6052), and can't be seen.
var (
	localNAT64  = netip.MustParsePrefix("64:ff9b:1::/48")
	localPlaces = [][4]int{{6, 7, 9, 10}, {7, 9, 10, 11}, {9, 10, 11, 12}, {12, 13, 14, 15}}
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")
)

// single are IPv6 addresses that look as if they held an IPv4 address.
var single = prefixes("::/127")

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

// spellings returns an address and the IPv4 addresses that it holds. One that
// is nothing but another way to write an IPv4 address is that alone.
func spellings(address netip.Addr) []netip.Addr {
	if address.Is4() || address.Is4In6() {
		return []netip.Addr{address.Unmap()}
	}
	list := []netip.Addr{address}
	bytes := address.As16()
	for _, h := range holders {
		if h.network.Contains(address) && !within(address, single) {
			list = append(list, netip.AddrFrom4([4]byte(bytes[h.at:h.at+4])))
		}
	}
	if localNAT64.Contains(address) {
		list = append(list, readings(bytes)...)
	}
	if teredo.Contains(address) {
		var client [4]byte
		binary.BigEndian.PutUint32(client[:], ^binary.BigEndian.Uint32(bytes[12:]))
		list = append(list, netip.AddrFrom4([4]byte(bytes[4:8])), netip.AddrFrom4(client))
	}
	return list
}

// readings returns each IPv4 address that one of localNAT64 may hold: all must
// pass, as any may be meant. Zeros are what is left of a shorter address, so a
// reading in 0.0.0.0/8 counts only where there is no other.
func readings(bytes [16]byte) []netip.Addr {
	var all, told []netip.Addr
	for _, at := range localPlaces {
		held := netip.AddrFrom4([4]byte{bytes[at[0]], bytes[at[1]], bytes[at[2]], bytes[at[3]]})
		all = append(all, held)
		if !thisNetwork.Contains(held) {
			told = append(told, held)
		}
	}
	if len(told) == 0 {
		return all
	}
	return told
}

func within(address netip.Addr, networks []netip.Prefix) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(address) })
}
