package sink

import (
	"strings"
	"testing"
	"time"

	"muster/credentials"
)

func TestTheDefaultIsValid(t *testing.T) {
	cfg := Default()
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
}

func TestEveryBoundIsChecked(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"addresses: at least one":          func(c *Config) { c.Addresses = nil },
		"addresses: \"\" is not host:port": func(c *Config) { c.Addresses = []string{"a:1", ""} },
		"db: -1":                           func(c *Config) { c.DB = -1 },
		"db: a Redis Cluster":              func(c *Config) { c.DB, c.Cluster = 1, true },
		"password: username":               func(c *Config) { c.Username = "muster" },
		"password: there":                  func(c *Config) { c.Password, c.PasswordFile = credentials.NewSecret("a"), "b" },
		"tls.enabled":                      func(c *Config) { c.TLS.CAFile = "a" },
		`prefix: "m:"`:                     func(c *Config) { c.Prefix = "m:" },
		`prefix: ""`:                       func(c *Config) { c.Prefix = "" },
		`prefix: "{m}"`:                    func(c *Config) { c.Prefix = "{m}" },
		"connections: 0":                   func(c *Config) { c.Connections = 0 },
		"connections: 1001":                func(c *Config) { c.Connections = 1001 },
		"dial_timeout: 0s":                 func(c *Config) { c.DialTimeout = 0 },
		"read_timeout: 11m":                func(c *Config) { c.ReadTimeout = 11 * time.Minute },
		"write_timeout: -1s":               func(c *Config) { c.WriteTimeout = -time.Second },
		"retry_for: -1s":                   func(c *Config) { c.RetryFor = -time.Second },
		"retry_for: 11m":                   func(c *Config) { c.RetryFor = 11 * time.Minute },
		"buckets: 0":                       func(c *Config) { c.Buckets = 0 },
		"buckets: 1048577":                 func(c *Config) { c.Buckets = 1<<20 + 1 },
		"outbox_max: 0":                    func(c *Config) { c.OutboxMax = 0 },
		"trail_max: -1":                    func(c *Config) { c.TrailMax = -1 },
		"trail_max: 99":                    func(c *Config) { c.TrailMax = 99 },
		"trail_max: 1000001":               func(c *Config) { c.TrailMax = 1_000_001 },
		"reach_days: -1":                   func(c *Config) { c.ReachDays = -1 },
		"reach_full_days: 0":               func(c *Config) { c.ReachFullDays = 0 },
		"reach_full_days: 3661":            func(c *Config) { c.ReachFullDays = 3661 },
		"hourly_flow_days: -1":             func(c *Config) { c.HourlyFlowDays = -1 },
		"hourly_flow_days: 3661":           func(c *Config) { c.HourlyFlowDays = 3661 },
		"daily_flow_days: -1":              func(c *Config) { c.DailyFlowDays = -1 },
		"daily_flow_days: 3661":            func(c *Config) { c.DailyFlowDays = 3661 },
		"definition_versions: 0":           func(c *Config) { c.DefinitionVersions = 0 },
		"definition_versions: 100001":      func(c *Config) { c.DefinitionVersions = 100_001 },
		"chronicle_keep: 59m":              func(c *Config) { c.ChronicleKeep = 59 * time.Minute },
		"chronicle_keep: 87841h":           func(c *Config) { c.ChronicleKeep = 87841 * time.Hour },
		"chronicle_keep: -1h":              func(c *Config) { c.ChronicleKeep = -time.Hour },
		"reach_days: 3661":                 func(c *Config) { c.ReachDays = 3661 },
	} {
		cfg := Default()
		change(&cfg)
		err := cfg.Validate()
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want only a problem starting with %q", err, want)
		}
	}
}

// All mistakes are told at once, in the order of the fields.
func TestConfigTellsAllMistakesInOrder(t *testing.T) {
	c := Config{Username: "muster", DB: -1, RetryFor: -1, ReachDays: -1}
	c.TLS.CAFile, c.TLS.KeyFile = "a", "b"
	want := strings.Join([]string{
		"addresses: at least one host:port is needed",
		`password: username "muster" has none, and no password_file`,
		"tls.enabled: it is false although other fields of tls are set",
		"tls.cert_file: the certificate of key_file is missing",
		"db: -1 is negative",
		`prefix: "" is not 1 to 16 of a-z 0-9 _ -`,
		"connections: 0 is not within 1 to 1000",
		"dial_timeout: 0s is not above 0 and at most 10m0s",
		"read_timeout: 0s is not above 0 and at most 10m0s",
		"write_timeout: 0s is not above 0 and at most 10m0s",
		"retry_for: -1ns is not within 0 to 10m0s",
		"buckets: 0 is not within 1 to 1048576",
		"outbox_max: 0 is not above 0",
		"reach_days: -1 is not within 0 to 3660",
		"reach_full_days: 0 is not within 1 to 3660",
		"definition_versions: 0 is not within 1 to 100000",
	}, "\n")
	for range 2 {
		if err := c.Validate(); err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	}
}

func TestSeveralAddressesMeanACluster(t *testing.T) {
	cfg := Default()
	if cfg.cluster() {
		t.Error("one address is taken for a cluster")
	}
	cfg.Addresses = []string{"a:1", "b:1"}
	if !cfg.cluster() {
		t.Error("two addresses are not taken for a cluster")
	}
}

func TestFilesThatCantBeUsedAreNamed(t *testing.T) {
	cfg := Default()
	if err := cfg.CheckFiles(); err != nil {
		t.Error(err)
	}
	cfg.TLS, cfg.PasswordFile = credentials.TLS{Enabled: true, CAFile: "/none/ca"}, "/none/password"
	err := cfg.CheckFiles()
	for _, want := range []string{"tls.ca_file: open /none/ca", "password_file: open /none/password"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v without %s", err, want)
		}
	}
}
