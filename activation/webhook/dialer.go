package webhook

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"muster/activation"
)

// newDialer returns a dialer that reaches only what a webhook may be sent to.
func newDialer(to activation.Webhook) *net.Dialer {
	return &net.Dialer{Timeout: to.Timeout, Control: guard{to.AllowNetworks}.control}
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
