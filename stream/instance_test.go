package stream

import (
	"strings"
	"testing"
)

func TestInstanceNames(t *testing.T) {
	for _, c := range []struct{ instance, host, want string }{
		{AutoInstance, "shop-1", "muster@shop-1/[::]:8080"},
		{AutoInstance, "", "muster"}, // a host without a name
		{"", "shop-1", "muster"},
		{"blue", "shop-1", "muster@blue"},
	} {
		cfg := Default()
		cfg.Instance = c.instance
		if client := cfg.groupClient(); c.instance == AutoInstance && client != "muster" {
			t.Errorf("with nothing listened on, the client id is %q", client)
		}
		cfg.NameAfter(c.host, "[::]:8080")
		if client := cfg.groupClient(); client != c.want || cfg.named() != (c.want != "muster") {
			t.Errorf("%+v: the client id is %q, named %t", c, client, cfg.named())
		}
	}
	for name, good := range map[string]bool{
		"": true, "web-1.example/[::1]:80": true, "two words": false, "tab\t": false, "ü": false,
		strings.Repeat("x", mostInstance): true, strings.Repeat("x", mostInstance+1): false,
	} {
		if err := validateInstance(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}
