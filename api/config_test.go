package api

import (
	"strings"
	"testing"

	"muster/credentials"
)

func TestTheDefaultIsNoAPI(t *testing.T) {
	if c := Default(); c.Listen != "" || c.Validate() != nil || c.CheckFiles() != nil {
		t.Errorf("%+v: %v", c, c.Validate())
	}
}

func TestMistakesOfTheConfiguration(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"":                           func(c *Config) { c.Listen, c.TokensFile = ":8090", "tokens" },
		`listen is "8090"`:           func(c *Config) { c.Listen, c.TokensFile = "8090", "tokens" },
		"tokens_file is missing":     func(c *Config) { c.Listen = ":8090" },
		`listen is ":8090", where`:   func(c *Config) { c.Listen, c.Insecure = ":8090", true },
		`"10.0.0.1:80", where`:       func(c *Config) { c.Listen, c.Insecure = "10.0.0.1:80", true },
		"tls.key_file: the key":      func(c *Config) { c.TLS.CertFile = "x" },
		"tls.cert_file: the cert":    func(c *Config) { c.TLS.KeyFile = "x" },
		`"console" is no origin`:     func(c *Config) { c.Origins = []string{"console"} },
		`"https://a/b" is no origin`: func(c *Config) { c.Origins = []string{"https://a/b"} },
		`"*" is no origin`:           func(c *Config) { c.Origins = []string{"*"} },
		"rate is 0; it must be":      func(c *Config) { c.Rate = 0 },
		"burst is 1000001; it must":  func(c *Config) { c.Burst = 1_000_001 },
		`backfills is "gs://b/p"`:    func(c *Config) { c.Backfills = "gs://b/p" },
		`backfills is "s3://"`:       func(c *Config) { c.Backfills = "s3://" },
		"streams is -1; it must be":  func(c *Config) { c.Streams = -1 },
	} {
		c := Default()
		change(&c)
		if err := c.Validate(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for _, good := range []string{"127.0.0.1:1", "localhost:1", "[::1]:1"} {
		c := Default()
		if c.Listen, c.Insecure = good, true; c.Validate() != nil {
			t.Errorf("%s: %v", good, c.Validate())
		}
	}
}

func TestFilesAreLookedAtBeforeTheStart(t *testing.T) {
	c := Default()
	c.Listen, c.TokensFile, c.TLS = ":8090", "/no/tokens", credentials.ServerTLS{CertFile: "/no/cert", KeyFile: "/no/key"}
	err := c.CheckFiles()
	if err == nil || !strings.Contains(err.Error(), "tokens_file: reading tokens: open /no/tokens") || !strings.Contains(err.Error(), "tls.cert_file: open /no/cert") {
		t.Errorf("got %v", err)
	}
}
