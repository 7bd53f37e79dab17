package stream

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/credentials"
)

// Config says which cluster, topics and group to use. Start from Default.
type Config struct {
	// Brokers are host:port addresses of some brokers; the others are found
	// through them. At least one. Default 127.0.0.1:9092.
	Brokers []string `yaml:"brokers"`
	// ClientID names this program in the brokers' logs and quotas. Default
	// "muster", and what Follow makes of it.
	ClientID string `yaml:"client_id"`
	// Instance is a name that this process has again after a restart, and that
	// no other process has which runs at the same time. What a process of the
	// name that was killed has left in the groups is taken out of them at the
	// start, so that its partitions need not wait for SessionTimeout. "auto"
	// becomes the host's name and the address of http.listen, which is one
	// process's at a time; it is no name where nothing is listened on. "" is
	// no name. Up to 200 printable characters of ASCII. Default "auto".
	Instance string `yaml:"instance"`
	// Group is the consumer group that shares out the keyed topic; the
	// router's group is Group with "-router" behind it. Default "muster", and
	// what Follow makes of it.
	Group string `yaml:"group"`
	// Keyed is the topic whose records are keyed by profile and whose
	// partitions are the shards. Default "muster-events", and what Follow
	// makes of it.
	Keyed string `yaml:"keyed"`
	// Sources are the topics to route onto Keyed. None means that Keyed is
	// fed directly by producers that key by profile.
	Sources []string `yaml:"sources"`
	// DeadSuffix is appended to a topic's name to get the topic of its dead
	// letters. Default ".dead".
	DeadSuffix string `yaml:"dead_suffix"`
	// Partitioner maps a profile to a partition of Keyed: "murmur2" (Java
	// clients), "crc32" (librdkafka's consistent) or "fnv1a" (Sarama's hash).
	// It must be the one of whoever else produces to Keyed, and must never
	// change while there is state. Default "murmur2".
	Partitioner string `yaml:"partitioner"`
	// SessionTimeout is how long the group waits for a silent member, and
	// the time an owner has to flush on a rebalance. The broker bounds it,
	// by default to 6 s to 30 min. Default 10 s.
	SessionTimeout time.Duration `yaml:"session_timeout"`
	// HeartbeatInterval is how often a member reports, and so how late it may
	// learn of a rebalance. At most a third of SessionTimeout. Default 1 s.
	HeartbeatInterval time.Duration `yaml:"heartbeat_interval"`
	// RebalanceTimeout is how long the group waits for its members to join
	// again. At least 1 s. Default 10 s.
	RebalanceTimeout time.Duration `yaml:"rebalance_timeout"`
	// PollWait is how long a Fetch waits for records before it comes back
	// empty. 1 ms to 1 min. Default 250 ms.
	PollWait time.Duration `yaml:"poll_wait"`
	// Linger is how long after an answer that came to the end of the log the
	// next is asked for. Records that come one by one are then read in
	// batches, at the price of so much latency at most; a backlog is read
	// without it. 0 to 1 s. Default 5 ms.
	Linger time.Duration `yaml:"linger"`
	// MinBytes is how much must be there before the broker answers ahead of
	// PollWait. 1 to MaxBytes. Default 1.
	MinBytes int `yaml:"min_bytes"`
	// MaxBytes bounds one answer of the broker. A partition holds two of them
	// in memory, and as much again inflated when producers compress. 1 KiB to
	// 256 MiB. Default 4 MiB.
	MaxBytes int `yaml:"max_bytes"`
	// BatchRecords is how many records a Fetch returns at most. A backlog is
	// read so many at a time: profiles that come more than once in a batch are
	// stored once. 1 to 100,000. Default 2,000.
	BatchRecords int `yaml:"batch_records"`
	// MaxRecordBytes is the largest record batch that the topics created by
	// Init take, in bytes. Give it the largest limit of the source topics.
	// 64 KiB to 256 MiB. Default 4 MiB.
	MaxRecordBytes int `yaml:"max_record_bytes"`
	// TLS encrypts the connections to the brokers. Default: plaintext.
	TLS credentials.TLS `yaml:"tls"`
	// SASL signs in at the brokers. Default: as nobody.
	SASL credentials.SASL `yaml:"sasl"`
	// AcceptGaps goes on when the log does not hold the offset asked for, or
	// is another one: at the first it holds, at its end, or at the offset, so
	// that nothing is read twice, see docs/operations.md. What was passed over is told in the Batch. Not part of a configuration file: an
	// operator decides each time. Default: a gap is an error.
	AcceptGaps bool `yaml:"-"`
	// TakeOver has Group and Keyed become this deployment's although another
	// has left its claim with them. Not part of a configuration file: an
	// operator decides each time. Default: another's are refused.
	TakeOver bool `yaml:"-"`
	// Followed are the settings that Follow has set to another value than the
	// one that they had before 0.2.0. Default: none.
	Followed []string `yaml:"-"`
	// Dial opens every connection to a broker, in place of the network of
	// the machine; not part of a configuration file. Default nil: TCP.
	Dial credentials.Dial `yaml:"-"`
}

// Default returns the documented defaults.
func Default() Config {
	return Config{
		Brokers:           []string{"127.0.0.1:9092"},
		ClientID:          "muster",
		Instance:          AutoInstance,
		Group:             "muster",
		Keyed:             "muster-events",
		DeadSuffix:        ".dead",
		Partitioner:       Murmur2,
		SessionTimeout:    10 * time.Second,
		HeartbeatInterval: time.Second,
		RebalanceTimeout:  10 * time.Second,
		PollWait:          250 * time.Millisecond,
		Linger:            5 * time.Millisecond,
		MinBytes:          1,
		MaxBytes:          4 << 20,
		BatchRecords:      2000,
		MaxRecordBytes:    4 << 20,
	}
}

// Validate returns everything that is wrong, joined, in the order of the
// fields.
func (c Config) Validate() error {
	return errors.Join(c.validateTopics(), c.validateTimes(), c.validateSizes(), c.TLS.Validate(), c.SASL.Validate())
}

// CheckFiles reads the files that the configuration names and returns a
// *credentials.FileError for each that can't be used.
func (c Config) CheckFiles() error {
	_, err := c.SASL.Read()
	return errors.Join(c.TLS.Check(), err)
}

func (c Config) validateTopics() error {
	var errs []error
	if len(c.Brokers) == 0 {
		errs = append(errs, errors.New("brokers: at least one host:port is needed"))
	}
	for _, broker := range c.Brokers {
		errs = append(errs, credentials.ValidateAddress("brokers", broker))
	}
	errs = append(errs, validateInstance(c.Instance))
	if c.Group == "" {
		errs = append(errs, errors.New("group: the name is missing"))
	}
	if c.Keyed == "" {
		errs = append(errs, errors.New("keyed: the topic is missing"))
	}
	for i, source := range c.Sources {
		switch {
		case source == "":
			errs = append(errs, fmt.Errorf("sources: number %d is empty", i+1))
		case source == c.Keyed:
			errs = append(errs, fmt.Errorf("sources: %q is the keyed topic itself", source))
		case slices.Contains(c.Sources[:i], source):
			errs = append(errs, fmt.Errorf("sources: %q is there twice", source))
		}
	}
	if c.DeadSuffix == "" {
		errs = append(errs, errors.New("dead_suffix: without one dead letters would go to their own topic"))
	}
	if _, err := NewPartitioner(c.Partitioner, 1); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (c Config) validateTimes() error {
	return errors.Join(
		within("session_timeout", c.SessionTimeout, time.Second, 30*time.Minute),
		within("heartbeat_interval", c.HeartbeatInterval, time.Millisecond, c.SessionTimeout/3),
		within("rebalance_timeout", c.RebalanceTimeout, time.Second, 30*time.Minute),
		within("poll_wait", c.PollWait, time.Millisecond, time.Minute),
		within("linger", c.Linger, 0, time.Second),
	)
}

func (c Config) validateSizes() error {
	return errors.Join(
		within("min_bytes", c.MinBytes, 1, c.MaxBytes),
		within("max_bytes", c.MaxBytes, 1<<10, 256<<20),
		within("batch_records", c.BatchRecords, 1, 100_000),
		within("max_record_bytes", c.MaxRecordBytes, 64<<10, 256<<20),
	)
}

func within[T int | time.Duration](field string, value, low, high T) error {
	if value < low || value > high {
		return fmt.Errorf("%s: %v is not within %v and %v", field, value, low, high)
	}
	return nil
}

// DeadTopic returns the topic that keeps the dead letters of a topic.
func (c Config) DeadTopic(topic string) string { return topic + c.DeadSuffix }

func (c Config) routerGroup() string { return c.Group + "-router" }
