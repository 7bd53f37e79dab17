package publication

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Config says how a publication is done. It changes nothing of what profiles
// become.
type Config struct {
	// Settle is for how long after the seams are open the archive may still be
	// written to with what arrived before. Too little of it loses events. 0 to
	// 7 days; default 10 minutes.
	Settle time.Duration
	// Whole is since when the archive is whole, ms since 1970 UTC; 0 for what
	// it tells itself, see history.Patches.
	Whole int64
	// Batch is how many patches are on their way at most, for each shard there
	// is; those of all shards may be one's. A record that comes meanwhile waits
	// for those of its shard. 1 to 10,000; default 50.
	Batch int
	// BatchBytes bounds a batch of all shards in bytes; one patch is always a
	// batch. 64 KB to 256 MB; default 8 MB.
	BatchBytes int
	// Share is the part of the time in which patches are on their way, so that
	// records find the shards free in the rest of it. 0.01 to 1; default 0.25.
	Share float64
	// MaxLag is how many records a shard may have before it for the next batch
	// to be given. 0 to 1,000,000,000; default 5,000.
	MaxLag int64
	// Patience is for how long a shard that is waited for may stand still. 1
	// second to 1 day; default 5 minutes.
	Patience time.Duration
	// Again begins another run where the last one has ended, or can't be gone on
	// with. One that is under way goes on all the same.
	Again bool
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{Settle: 10 * time.Minute, Batch: 50, BatchBytes: 8 << 20, Share: 0.25, MaxLag: 5000, Patience: 5 * time.Minute}
}

// Validate returns what is out of range, joined.
func (c *Config) Validate() error {
	var problems []error
	if c.Settle < 0 || c.Settle > 7*24*time.Hour {
		problems = append(problems, fmt.Errorf("settle is %s; it must be between 0 and 168h", c.Settle))
	}
	if c.Whole < 0 {
		problems = append(problems, errors.New("whole since is before 1970"))
	}
	if c.Batch < 1 || c.Batch > 10_000 {
		problems = append(problems, fmt.Errorf("batch is %d; it must be between 1 and 10000", c.Batch))
	}
	if c.BatchBytes < 64<<10 || c.BatchBytes > 256<<20 {
		problems = append(problems, fmt.Errorf("bytes of a batch are %d; they must be between %d and %d", c.BatchBytes, 64<<10, 256<<20))
	}
	if math.IsNaN(c.Share) || c.Share < 0.01 || c.Share > 1 {
		problems = append(problems, fmt.Errorf("share is %g; it must be between 0.01 and 1", c.Share))
	}
	if c.MaxLag < 0 || c.MaxLag > 1_000_000_000 {
		problems = append(problems, fmt.Errorf("max lag is %d; it must be between 0 and 1000000000", c.MaxLag))
	}
	if c.Patience < time.Second || c.Patience > 24*time.Hour {
		problems = append(problems, fmt.Errorf("patience is %s; it must be between 1s and 24h", c.Patience))
	}
	return errors.Join(problems...)
}
