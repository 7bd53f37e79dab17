package pipeline

import (
	"errors"
	"fmt"
	"time"

	"muster/event"
	"muster/profile"
)

// Config is what a Worker can be told.
type Config struct {
	// CacheBytes bounds the profiles that one shard's owner keeps in memory,
	// in bytes. Past it the least recently used are dropped and read again
	// when needed. 1 MB to 1 TB; default 256 MB.
	CacheBytes int `yaml:"cache_bytes"`
	// Timers is how many deadlines are served before a commit. 1 to
	// 100,000; default 2,000.
	Timers int `yaml:"timers"`
	// Wave is how many deadlines, due before it, a record waits for. Of a
	// longer wave it waits only for those of its own profile, and the rest
	// is served between records. 0 to 1,000,000; default 1,000.
	Wave int `yaml:"wave"`
	// IdleGrace is how long a partition must have brought nothing before
	// the wall clock moves the shard's clock, and how far behind the wall
	// clock it stays: records that are on their way that long still come
	// before what time does. 0 to 1h; default 1s.
	IdleGrace time.Duration `yaml:"idle_grace"`
	// IdleCheck is how long a shard that has nothing to read goes without a
	// commit. One that changes nothing shows that the store has not lost
	// what it was told, and that nobody else owns the shard. 100ms to 1h;
	// default 5s.
	IdleCheck time.Duration `yaml:"idle_check"`
	// CommitTimeout bounds one commit, and the last one when a worker has to
	// leave. It must be shorter than the consumer group's session timeout.
	// What takes longer is tried again with half as many profiles.
	// 100ms to 5m; default 5s.
	CommitTimeout time.Duration `yaml:"commit_timeout"`
	// Events bounds single records.
	Events event.Config `yaml:"events"`
	// Profiles bounds what a profile keeps.
	Profiles profile.Config `yaml:"profiles"`
}

// Default returns the documented defaults.
func Default() Config {
	return Config{
		CacheBytes: 256 << 20, Timers: 2000, Wave: 1000,
		IdleGrace: time.Second, IdleCheck: 5 * time.Second, CommitTimeout: 5 * time.Second,
		Events: event.Default(), Profiles: profile.Default(),
	}
}

// Validate returns everything that is out of range, joined, in the order of
// the fields.
func (c Config) Validate() error {
	var problems []error
	refuse := func(bad bool, format string, arguments ...any) {
		if bad {
			problems = append(problems, fmt.Errorf(format, arguments...))
		}
	}
	refuse(c.CacheBytes < 1<<20 || c.CacheBytes > 1<<40, "cache_bytes is %d; it must be between 1048576 and 1099511627776", c.CacheBytes)
	refuse(c.Timers < 1 || c.Timers > 100_000, "timers is %d; it must be between 1 and 100000", c.Timers)
	refuse(c.Wave < 0 || c.Wave > 1_000_000, "wave is %d; it must be between 0 and 1000000", c.Wave)
	refuse(c.IdleGrace < 0 || c.IdleGrace > time.Hour, "idle_grace is %s; it must be between 0s and 1h", c.IdleGrace)
	refuse(c.IdleCheck < 100*time.Millisecond || c.IdleCheck > time.Hour, "idle_check is %s; it must be between 100ms and 1h", c.IdleCheck)
	refuse(c.CommitTimeout < 100*time.Millisecond || c.CommitTimeout > 5*time.Minute,
		"commit_timeout is %s; it must be between 100ms and 5m", c.CommitTimeout)
	return errors.Join(append(problems, c.Events.Validate(), c.Profiles.Validate())...)
}
