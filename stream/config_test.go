package stream_test

import (
	"strings"
	"testing"
	"time"

	"muster/credentials"
	"muster/stream"
)

func TestConfigDefaultsAreValid(t *testing.T) {
	cfg := valid()
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	if got := cfg.DeadTopic("t"); got != "t.dead" {
		t.Errorf("the dead letters of t go to %s", got)
	}
}

func valid() stream.Config {
	cfg := stream.Default()
	cfg.Brokers, cfg.Keyed = []string{"localhost:9092"}, "keyed"
	return cfg
}

func TestConfigNamesWhatIsWrong(t *testing.T) {
	for field, spoil := range map[string]func(*stream.Config){
		"brokers":            func(c *stream.Config) { c.Brokers = nil },
		"keyed":              func(c *stream.Config) { c.Keyed = "" },
		"instance":           func(c *stream.Config) { c.Instance = "two words" },
		"group":              func(c *stream.Config) { c.Group = "" },
		"dead_suffix":        func(c *stream.Config) { c.DeadSuffix = "" },
		"itself":             func(c *stream.Config) { c.Sources = []string{"keyed"} },
		"twice":              func(c *stream.Config) { c.Sources = []string{"a", "a"} },
		"empty":              func(c *stream.Config) { c.Sources = []string{""} },
		"partitioner":        func(c *stream.Config) { c.Partitioner = "md5" },
		"session_timeout":    func(c *stream.Config) { c.SessionTimeout = time.Millisecond },
		"heartbeat_interval": func(c *stream.Config) { c.HeartbeatInterval = 4 * time.Second },
		"rebalance_timeout":  func(c *stream.Config) { c.RebalanceTimeout = time.Hour },
		"poll_wait":          func(c *stream.Config) { c.PollWait = -1 },
		"linger":             func(c *stream.Config) { c.Linger = 2 * time.Second },
		"min_bytes":          func(c *stream.Config) { c.MinBytes = 5 << 20 },
		"max_bytes":          func(c *stream.Config) { c.MaxBytes = 1 << 30 },
		"batch_records":      func(c *stream.Config) { c.BatchRecords = -1 },
		"max_record_bytes":   func(c *stream.Config) { c.MaxRecordBytes = 1 },
		"tls.enabled":        func(c *stream.Config) { c.TLS.ServerName = "a" },
		"sasl.mechanism: it": func(c *stream.Config) { c.SASL.Username = "a" },
		"sasl.mechanism: \"": func(c *stream.Config) {
			c.SASL = credentials.SASL{Mechanism: "GSSAPI", Username: "a", PasswordFile: "b"}
		},
		"sasl.username": func(c *stream.Config) { c.SASL = credentials.SASL{Mechanism: credentials.Plain, PasswordFile: "b"} },
		"and so is":     func(c *stream.Config) { c.SASL = credentials.SASL{Mechanism: credentials.Plain, Username: "a"} },
		"keep one": func(c *stream.Config) {
			c.SASL = credentials.SASL{Mechanism: credentials.Plain, Username: "a", PasswordFile: "b", Password: credentials.NewSecret("c")}
		},
	} {
		cfg := valid()
		spoil(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: the error is %v", field, err)
		}
		if _, err := stream.Connect(cfg, nil); err == nil {
			t.Errorf("%s: Connect takes it", field)
		}
	}
}

// All mistakes are told at once, in the order of the fields.
func TestConfigTellsAllMistakesInOrder(t *testing.T) {
	c := stream.Config{Sources: []string{"a", "", "a"}, Partitioner: "md5", SessionTimeout: 9 * time.Second, Linger: -1, MaxBytes: 1 << 10}
	c.TLS.KeyFile, c.SASL.Mechanism = "b", credentials.Plain
	want := []string{
		"brokers: ", "group: ", "keyed: ", "sources: number 2 ", `sources: "a" is there twice`, "dead_suffix: ", "partitioner: ",
		"heartbeat_interval: 0s is not within 1ms and 3s", "rebalance_timeout: ", "poll_wait: ", "linger: ",
		"min_bytes: ", "batch_records: ", "max_record_bytes: ",
		"tls.enabled: ", "tls.cert_file: ", "sasl.username: ", "sasl.password: ",
	}
	var before string
	for range 2 {
		text := c.Validate().Error()
		lines := strings.Split(text, "\n")
		for i, line := range lines {
			if len(lines) != len(want) || !strings.HasPrefix(line, want[i]) {
				t.Fatalf("got\n%s\nwant lines that begin with\n%s", text, strings.Join(want, "\n"))
			}
		}
		if before != "" && text != before {
			t.Errorf("first\n%s\nthen\n%s", before, text)
		}
		before = text
	}
}

func TestFilesThatCantBeUsedAreNamed(t *testing.T) {
	cfg := valid()
	if err := cfg.CheckFiles(); err != nil {
		t.Error(err)
	}
	cfg.TLS = credentials.TLS{Enabled: true, CAFile: "/none/ca"}
	cfg.SASL = credentials.SASL{Mechanism: credentials.Plain, Username: "a", PasswordFile: "/none/password"}
	err := cfg.CheckFiles()
	for _, want := range []string{"tls.ca_file: open /none/ca", "sasl.password_file: open /none/password"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v without %s", err, want)
		}
	}
}
