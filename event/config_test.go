package event

import (
	"strings"
	"testing"
)

func TestConfigBounds(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatalf("defaults: %v", err)
	}
	for _, test := range []struct {
		name string
		turn func(*Config)
	}{
		{"max_bytes", func(c *Config) { c.MaxBytes = 1023 }},
		{"max_bytes", func(c *Config) { c.MaxBytes = 1<<26 + 1 }},
		{"max_depth", func(c *Config) { c.MaxDepth = 2 }},
		{"max_depth", func(c *Config) { c.MaxDepth = 257 }},
		{"max_traits", func(c *Config) { c.MaxTraits = 0 }},
		{"max_traits", func(c *Config) { c.MaxTraits = 100_001 }},
		{"max_id", func(c *Config) { c.MaxID = 15 }},
		{"max_id", func(c *Config) { c.MaxID = 1<<16 + 1 }},
		{"blocked_ids has 1001 ids", func(c *Config) { c.BlockedIDs = make([]string, 1001) }},
		{"blocked_ids has an id of 65537 bytes", func(c *Config) { c.BlockedIDs = []string{pad("x", 1<<16+1)} }},
	} {
		c := Default()
		test.turn(&c)
		if _, err := NewDecoder(c); err == nil || !strings.Contains(err.Error(), "event limit "+test.name) {
			t.Errorf("%+v: got error %v, want one that names %s", c, err, test.name)
		}
	}
}

// All mistakes are told at once, in the order of the fields.
func TestConfigTellsAllMistakesInOrder(t *testing.T) {
	want := "event limit max_bytes is 0; it must be between 1024 and 67108864\n" +
		"event limit max_depth is 0; it must be between 3 and 256\n" +
		"event limit max_traits is 0; it must be between 1 and 100000\n" +
		"event limit max_id is 0; it must be between 16 and 65536"
	for range 2 {
		if err := (Config{}).Validate(); err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	}
}

// TestLimitsTurn decodes one record at and one past each limit.
func TestLimitsTurn(t *testing.T) {
	c := Config{MaxBytes: 2048, MaxDepth: 5, MaxTraits: 3, MaxID: 16}
	for _, test := range []struct{ name, at, past, reason string }{
		{
			"bytes",
			pad(`{"type":"alias","userId":"u"}`, 2048), pad(`{"type":"alias","userId":"u"}`, 2049),
			"record: 2049 bytes, the limit is 2048",
		},
		{
			"depth",
			`{"type":"track","userId":"u","event":"E","properties":{"a":[[["[[[["]]]}}`,
			`{"type":"track","userId":"u","event":"E","properties":{"a":[[[["[[["]]]]}}`,
			"record: nested more than 5 deep at byte 62",
		},
		{
			"traits",
			`{"type":"identify","userId":"u","traits":{"a":1,"b":{"c":null,"d":[1,2,3]},"e":{}}}`,
			`{"type":"identify","userId":"u","traits":{"a":1,"b":{"c":null,"d":[1,2,3]},"e":{"f":1}}}`,
			"traits: 4 leaves, the limit is 3",
		},
		{
			"id",
			`{"type":"alias","userId":"0123456789abcdef"}`,
			`{"type":"alias","userId":"0123456789abcdefg"}`,
			"userId: 17 bytes, the limit is 16",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDecoder(t, c)
			if _, rej := d.Decode(nil, nil, []byte(test.at), 1, 0); len(rej) != 0 {
				t.Errorf("at the limit: rejected: %s", rej[0].Reason)
			}
			_, rej := d.Decode(nil, nil, []byte(test.past), 1, 0)
			if len(rej) != 1 || rej[0].Reason != test.reason {
				t.Errorf("past the limit: got %v, want %q", rej, test.reason)
			}
		})
	}
}

// pad puts spaces behind text until it is n bytes long.
func pad(text string, n int) string { return text + strings.Repeat(" ", n-len(text)) }

func newDecoder(t testing.TB, c Config) *Decoder {
	t.Helper()
	d, err := NewDecoder(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
