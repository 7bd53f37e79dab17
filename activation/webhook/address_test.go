package webhook

import (
	"errors"
	"net/netip"
	"testing"
)

func TestAddressesInEverySpelling(t *testing.T) {
	const (
		free      = "free"
		onRequest = "on request"
		none      = "never"
	)
	for address, want := range map[string]string{
		"93.184.216.34": free, "8.8.8.8": free, "1.1.1.1": free, "172.15.0.1": free, "172.32.0.1": free, "192.167.1.1": free, "11.0.0.1": free,
		"100.63.255.255": free, "100.128.0.1": free, "2606:4700::1111": free, "2a00:1450:4001::": free, "::ffff:8.8.8.8": free,
		"64:ff9b::8.8.8.8": free, "2002:808:808::1": free,

		"127.0.0.1": onRequest, "127.255.255.254": onRequest, "10.0.0.1": onRequest, "172.16.0.1": onRequest, "172.31.255.255": onRequest,
		"192.168.1.1": onRequest, "100.64.0.1": onRequest, "198.18.0.1": onRequest, "192.0.2.1": onRequest, "198.51.100.7": onRequest,
		"203.0.113.9": onRequest, "192.0.0.8": onRequest, "::1": onRequest, "fc00::1": onRequest, "fd12:3456::1": onRequest, "2001:db8::1": onRequest,
		"::ffff:127.0.0.1": onRequest, "::ffff:10.0.0.1": onRequest, "::127.0.0.1": onRequest, "64:ff9b::127.0.0.1": onRequest,
		"64:ff9b::10.1.2.3": onRequest, "64:ff9b:1::192.168.0.1": onRequest, "2002:7f00:1::": onRequest, "2002:a00:1::": onRequest,
		"::ffff:0:127.0.0.1": onRequest,

		"0.0.0.0": none, "0.1.2.3": none, "169.254.169.254": none, "169.254.0.1": none, "100.100.100.200": none, "224.0.0.1": none,
		"239.255.255.255": none, "240.0.0.1": none, "255.255.255.255": none, "::": none, "fe80::1": none, "fe80::1%eth0": none, "ff02::1": none,
		"fd00:ec2::254": none, "::ffff:169.254.169.254": none, "::169.254.169.254": none, "64:ff9b::169.254.169.254": none,
		"2002:a9fe:a9fe::": none, "::ffff:0:169.254.169.254": none, "::ffff:100.100.100.200": none, "64:ff9b::100.100.100.200": none,
		"2001:0:808:808::5601:5601": none, "2001:0:a9fe:a9fe::f7f7:f7f7": none, // Teredo of 169.254.169.254, its client and its server

		// Teredo of 127.0.0.1 and of 8.8.8.8, which is no address of the internet either.
		"2001:0:808:808::80ff:fffe": onRequest, "2001:0:808:808::f7f7:f7f7": onRequest,
		// NAT64 of a network's own, of each length: of 8.8.8.8, 10.0.0.1, addresses of metadata and nothing.
		"64:ff9b:1::8.8.8.8": onRequest, "64:ff9b:1:808:8:800::": onRequest, "64:ff9b:1:a00::100:0:0": onRequest, "64:ff9b:1:a:0:1::": onRequest,
		"64:ff9b:1:0:a:0:100:0": onRequest, "64:ff9b:1:a9fe:a9:fe00::": none, "64:ff9b:1:a9:fe:a9fe::": none, "64:ff9b:1:0:64:6464:c800:0": none,
		"64:ff9b:1::169.254.169.254": none, "64:ff9b:1:a9fe:a9:fe00:808:808": none, "64:ff9b:1::": none, "64:ff9b:1::0.1.2.3": none,
	} {
		got := free
		var forbidden *forbiddenError
		if err := (guard{}).check(netip.MustParseAddr(address)); errors.As(err, &forbidden) {
			got = onRequest
			if forbidden.never {
				got = none
			}
		}
		if got != want {
			t.Errorf("%s is %s, want %s", address, got, want)
		}
		all := guard{prefixes("0.0.0.0/0", "::/0")}
		if err := all.check(netip.MustParseAddr(address)); (err != nil) != (want == none) {
			t.Errorf("%s with every network allowed: %v", address, err)
		}
	}
}

// A network that is allowed allows its addresses in every spelling, and no
// others.
func TestAllowedNetworks(t *testing.T) {
	g := guard{prefixes("10.1.0.0/16")}
	for address, ok := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "64:ff9b::10.1.2.3": true, "10.2.0.1": false, "127.0.0.1": false, "::1": false,
	} {
		if err := g.check(netip.MustParseAddr(address)); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}
