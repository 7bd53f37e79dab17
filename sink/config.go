package sink

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"muster/credentials"
)

// Bounds of Config.
const (
	maxBuckets   = 1 << 20
	maxReachDays = 3660
	maxFlowDays  = 3660
	maxTimeout   = 10 * time.Minute

	minTrail = 100
	maxTrail = 1_000_000

	maxDefinitionVersions = 100_000
	maxChronicleKeep      = 3660 * 24 * time.Hour
)

var prefixForm = regexp.MustCompile(`^[a-z0-9_-]{1,16}$`)

// Config says where Redis is and how it is used. Start from Default: a zero
// Config is not valid.
type Config struct {
	// Addresses are the host:port of one server, or of some nodes of a Redis
	// Cluster. At least one. Default: 127.0.0.1:6379.
	Addresses []string `yaml:"addresses"`
	// Cluster says that the addresses are nodes of a Redis Cluster. More than
	// one address implies it. Default: false.
	Cluster bool `yaml:"cluster"`
	// Username is the ACL user, and Password or PasswordFile, a file with one
	// line that is read for every connection, its password. All empty for
	// none; a password alone is that of the default user. Default: empty.
	Username     string             `yaml:"username"`
	Password     credentials.Secret `yaml:"password"`
	PasswordFile string             `yaml:"password_file"`
	// TLS encrypts the connections. Default: plaintext.
	TLS credentials.TLS `yaml:"tls"`
	// DB is the number of the database, 0 or more; 0 on a Redis Cluster.
	// Default: 0.
	DB int `yaml:"db"`
	// Prefix begins every key: 1 to 16 of a-z 0-9 _ -. Deployments sharing a
	// server need different ones. Default: m.
	Prefix string `yaml:"prefix"`
	// Connections bounds the connections to each node, 1 to 1,000.
	// Default: 20.
	Connections int `yaml:"connections"`
	// DialTimeout bounds connecting. Above 0, at most 10m. Default: 5s.
	DialTimeout time.Duration `yaml:"dial_timeout"`
	// ReadTimeout bounds the wait for a reply, WriteTimeout the sending of a
	// pipeline. Above 0, at most 10m. Default: 5s each.
	ReadTimeout  time.Duration `yaml:"read_timeout"`
	WriteTimeout time.Duration `yaml:"write_timeout"`
	// RetryFor is how long one operation keeps trying while Redis can't be
	// reached, is loading its data, or fails over. 0 for one attempt, at most
	// 10m. Default: 15s.
	RetryFor time.Duration `yaml:"retry_for"`
	// Buckets is the number of hashes that the profiles of one shard are
	// spread over, 1 to 1,048,576. It is kept in Redis by Init and can't be
	// changed later. Default: 4,096, which is about 250 profiles a hash for a
	// million profiles a shard: small enough to read or delete a hash in well
	// under a millisecond, and a megabyte of keys when nearly empty.
	Buckets int `yaml:"buckets"`
	// OutboxMax bounds the changes kept in the outbox stream of one shard: so
	// many of the newest are kept at least, and up to a 64th and some thousand
	// more. At the bound the oldest are dropped, read or not. Above 0.
	// Default: 1,000,000, which take 40 to 70 MB a shard, the less the more
	// changes a commit has.
	OutboxMax int64 `yaml:"outbox_max"`
	// TrailMax bounds the entries kept in the trail of one shard, which says what
	// profiles its newest commits have touched: 0, or 100 to 1,000,000. An entry
	// has up to 256 ids. evaluator insights serve needs a trail, to know which
	// profiles to read again; at the bound the oldest entries are dropped, and a
	// reader that has not come so far reads the whole shard anew. 0 keeps none and
	// costs nothing. Default: 0.
	TrailMax int64 `yaml:"trail_max"`
	// ReachDays is how many days a daily reach key outlives its day, up to
	// 3,660; activity replayed from before that is not counted. 0 keeps the
	// keys for ever. Default: 400.
	ReachDays int `yaml:"reach_days"`
	// ReachFullDays is how many days before today have a key of reach of their
	// own, which PFCOUNT reads, 1 to 3,660. Older days are packed: they take a
	// fiftieth of it, and unions of them are estimated less well. As many as
	// ReachDays pack none. Default: 1, by which 10,000 segments take up to 2 GB
	// in 400 days.
	ReachFullDays int `yaml:"reach_full_days"`
	// HourlyFlowDays is for how many days after its own the flows of an hour are
	// kept: how many profiles entered each segment and how many left it.
	// DailyFlowDays is that for the flows of a day; they go by months. 0 to 3,660
	// each; 0 for none: they are not counted then. Days are added up from hours, so
	// the hours of up to three days are there with days alone. Default: 14 and 400,
	// which take up to 5 MB a shard for each 1,000 segments that change in it every
	// hour.
	HourlyFlowDays int `yaml:"hourly_flow_days"`
	DailyFlowDays  int `yaml:"daily_flow_days"`
	// DefinitionVersions is how many versions of the definitions are kept
	// beside the newest, 1 to 100,000; of more the oldest are forgotten, and
	// earlier where the texts that they have replaced take more than 64 MB.
	// Default: 1,000.
	DefinitionVersions int `yaml:"definition_versions"`
	// ChronicleKeep is how long every change is kept, by time and not by number,
	// so that who was in a segment at an instant can be told, and each entry and
	// exit of a profile: 0, or 1h to 87840h, which is ten years. 0 keeps none and
	// costs nothing. The memory is in docs/scaling.md. Default: 0.
	ChronicleKeep time.Duration `yaml:"chronicle_keep"`
	// Observer is told what the store does. Default: nobody.
	Observer Observer `yaml:"-"`
}

// Default returns the default of every field.
func Default() Config {
	return Config{
		Addresses:    []string{"127.0.0.1:6379"},
		Prefix:       "m",
		Connections:  20,
		DialTimeout:  5 * time.Second,
		ReadTimeout:  5 * time.Second,
		WriteTimeout: 5 * time.Second,
		RetryFor:     15 * time.Second,
		Buckets:      4096,
		OutboxMax:    1_000_000,
		ReachDays:    400,

		ReachFullDays: 1,

		HourlyFlowDays: 14,
		DailyFlowDays:  400,

		DefinitionVersions: 1000,
	}
}

// Validate returns every value that is out of its bounds, joined, in the order
// of the fields.
func (c Config) Validate() error {
	var problems []error
	refuse := func(bad bool, format string, arguments ...any) {
		if bad {
			problems = append(problems, fmt.Errorf(format, arguments...))
		}
	}
	refuse(len(c.Addresses) == 0, "addresses: at least one host:port is needed")
	for _, address := range c.Addresses {
		problems = append(problems, credentials.ValidateAddress("addresses", address))
	}
	refuse(c.Username != "" && !c.authenticated(), "password: username %q has none, and no password_file", c.Username)
	problems = append(problems, credentials.ValidatePassword("password", c.Password, c.PasswordFile), c.TLS.Validate())
	refuse(c.DB < 0, "db: %d is negative", c.DB)
	refuse(c.DB != 0 && c.cluster(), "db: a Redis Cluster has only database 0")
	refuse(!prefixForm.MatchString(c.Prefix), "prefix: %q is not 1 to 16 of a-z 0-9 _ -", c.Prefix)
	refuse(c.Connections < 1 || c.Connections > 1000, "connections: %d is not within 1 to 1000", c.Connections)
	for _, timeout := range []struct {
		name  string
		value time.Duration
	}{{"dial_timeout", c.DialTimeout}, {"read_timeout", c.ReadTimeout}, {"write_timeout", c.WriteTimeout}} {
		refuse(timeout.value <= 0 || timeout.value > maxTimeout, "%s: %s is not above 0 and at most %s", timeout.name, timeout.value, maxTimeout)
	}
	refuse(c.RetryFor < 0 || c.RetryFor > maxTimeout, "retry_for: %s is not within 0 to %s", c.RetryFor, maxTimeout)
	refuse(c.Buckets < 1 || c.Buckets > maxBuckets, "buckets: %d is not within 1 to %d", c.Buckets, maxBuckets)
	refuse(c.OutboxMax < 1, "outbox_max: %d is not above 0", c.OutboxMax)
	refuse(c.TrailMax != 0 && (c.TrailMax < minTrail || c.TrailMax > maxTrail), "trail_max: %d is not 0 or within %d to %d", c.TrailMax, minTrail, maxTrail)
	refuse(c.ReachDays < 0 || c.ReachDays > maxReachDays, "reach_days: %d is not within 0 to %d", c.ReachDays, maxReachDays)
	refuse(c.ReachFullDays < 1 || c.ReachFullDays > maxReachDays, "reach_full_days: %d is not within 1 to %d", c.ReachFullDays, maxReachDays)
	for _, step := range steps {
		days := c.flowDays(step)
		refuse(days < 0 || days > maxFlowDays, "%s_flow_days: %d is not within 0 to %d", step.field(), days, maxFlowDays)
	}
	refuse(c.DefinitionVersions < 1 || c.DefinitionVersions > maxDefinitionVersions,
		"definition_versions: %d is not within 1 to %d", c.DefinitionVersions, maxDefinitionVersions)
	refuse(c.ChronicleKeep != 0 && (c.ChronicleKeep < time.Hour || c.ChronicleKeep > maxChronicleKeep),
		"chronicle_keep: %s is not 0 or within 1h to %s", c.ChronicleKeep, maxChronicleKeep)
	return errors.Join(problems...)
}

// CheckFiles reads the files that the configuration names and returns a
// *credentials.FileError for each that can't be used.
func (c Config) CheckFiles() error {
	_, err := c.password()
	return errors.Join(c.TLS.Check(), err)
}

// password returns the password as it is now.
func (c Config) password() (string, error) {
	return credentials.ReadPassword(c.Password, "password_file", c.PasswordFile)
}

func (c Config) authenticated() bool { return !c.Password.Empty() || c.PasswordFile != "" }

func (c Config) cluster() bool { return c.Cluster || len(c.Addresses) > 1 }
