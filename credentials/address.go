package credentials

import (
	"fmt"
	"net"
	"strconv"
)

// ValidateAddress refuses what is no host and port to connect to. Whether
// somebody is there is seen only by connecting.
func ValidateAddress(field, address string) error {
	_, port, err := net.SplitHostPort(address)
	number, wrong := strconv.Atoi(port)
	if err == nil && wrong == nil && number > 0 && number < 1<<16 {
		return nil
	}
	return fmt.Errorf("%s: %q is not host:port, as in server.internal:6379", field, address)
}
