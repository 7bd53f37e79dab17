package stream

import "fmt"

// AutoInstance is the value of Config.Instance for a name that NameAfter gives.
const AutoInstance = "auto"

// mostInstance is the longest name of an instance, in bytes.
const mostInstance = 200

// NameAfter gives an instance whose name is AutoInstance that of its host and
// of the address that it listens on. As long as it listens there, no other
// process of the host has this name.
func (c *Config) NameAfter(host, address string) {
	if c.Instance == AutoInstance && host != "" {
		c.Instance = host + "/" + address
	}
}

// named reports whether this process has a name of its own.
func (c *Config) named() bool { return c.Instance != "" && c.Instance != AutoInstance }

// groupClient is the client id of this process as a member of groups.
func (c *Config) groupClient() string {
	if !c.named() {
		return c.ClientID
	}
	return c.ClientID + "@" + c.Instance
}

func validateInstance(name string) error {
	if len(name) > mostInstance {
		return fmt.Errorf("instance: the name has %d characters, %d at most are possible", len(name), mostInstance)
	}
	for i := range len(name) {
		if name[i] <= ' ' || name[i] > '~' {
			return fmt.Errorf("instance: %q may only have printable characters of ASCII, and no spaces", name)
		}
	}
	return nil
}
