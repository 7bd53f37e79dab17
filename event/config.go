package event

import (
	"errors"
	"fmt"
)

// Config bounds what a Decoder accepts. What passes a bound is rejected.
type Config struct {
	// MaxBytes is the size of a record. It also bounds memory: a decoded
	// record takes up to 30 times its size until Reset. 1,024 to 67,108,864
	// bytes; default 1,048,576 (1 MB).
	MaxBytes int `yaml:"max_bytes"`
	// MaxDepth is the number of objects and arrays nested in each other, the
	// record itself and a batch's array included. 3 to 256; default 32.
	MaxDepth int `yaml:"max_depth"`
	// MaxTraits is the number of leaves of one event's traits or properties.
	// An array is one leaf whatever its elements, a null is one, an empty
	// object is none. 1 to 100,000; default 1,000.
	MaxTraits int `yaml:"max_traits"`
	// MaxID is the length of userId, anonymousId, messageId and groupId.
	// 16 to 65,536 bytes; default 1,024.
	MaxID int `yaml:"max_id"`
	// BlockedIDs are ids that broken clients send in place of one. As userId,
	// anonymousId, previousId, messageId or groupId they count as absent,
	// whatever their case and the spaces around them. Up to 1,000 ids; default
	// undefined, null, NaN, [object Object], the empty text, 0, none,
	// anonymous, guest, true, false, and the UUID of zeros.
	BlockedIDs []string `yaml:"blocked_ids"`
}

// Bounds of Config.BlockedIDs, and of Config.MaxID.
const (
	maxBlocked = 1000
	longestID  = 1 << 16
)

// Default returns the documented defaults.
func Default() Config {
	return Config{MaxBytes: 1 << 20, MaxDepth: 32, MaxTraits: 1000, MaxID: 1024, BlockedIDs: []string{
		"undefined", "null", "NaN", "[object Object]", "", "0", "none", "anonymous", "guest", "true", "false",
		"00000000-0000-0000-0000-000000000000", "00000000000000000000000000000000",
	}}
}

// Validate returns every bound that is out of range, joined, in the order of
// the fields.
func (c Config) Validate() error {
	var problems []error
	for _, f := range []struct {
		name             string
		value, low, high int
	}{
		{"max_bytes", c.MaxBytes, 1024, 1 << 26},
		{"max_depth", c.MaxDepth, 3, 256}, // fastjson itself gives up at 300
		{"max_traits", c.MaxTraits, 1, 100_000},
		{"max_id", c.MaxID, 16, longestID},
	} {
		if f.value < f.low || f.value > f.high {
			problems = append(problems, fmt.Errorf("event limit %s is %d; it must be between %d and %d", f.name, f.value, f.low, f.high))
		}
	}
	return errors.Join(append(problems, c.validateBlocked()...)...)
}
