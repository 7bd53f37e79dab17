package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"muster/activation"
	"muster/api"
	"muster/api/tracking"
	"muster/cube"
	"muster/history/archive"
	"muster/observe"
	"muster/pipeline"
	"muster/segments"
	"muster/sink"
	"muster/snapshot"
	"muster/stream"
)

// What arrival times are clamped to, and what moves time while none come.
const (
	WallClock   = "wall"
	StreamClock = "stream"
)

// Config is the configuration file. Start from Default: a zero Config is not
// valid.
type Config struct {
	Kafka    stream.Config   `yaml:"kafka"`
	Redis    sink.Config     `yaml:"redis"`
	Pipeline pipeline.Config `yaml:"pipeline"`
	Segments segments.Config `yaml:"segments"`
	// Destinations are where membership changes are sent to.
	Destinations activation.Config `yaml:"destinations"`
	// Archive is where the events of the past are, for backfills.
	Archive archive.Config `yaml:"archive"`
	// Snapshot bounds what questions about all profiles hold in memory.
	Snapshot snapshot.Config `yaml:"snapshot"`
	// Cubes count events by what they say.
	Cubes cube.Config `yaml:"cubes"`
	// Tracking takes in events over HTTP.
	Tracking tracking.Config `yaml:"tracking"`
	// Clock is wall, where an arrival time over 5 minutes ahead of the wall
	// clock counts as the wall clock and time goes on while nothing comes, or
	// stream, where every arrival time is believed and only they move time:
	// for feeding old or simulated data. Default wall.
	Clock string             `yaml:"clock"`
	HTTP  observe.HTTPConfig `yaml:"http"`
	// API is where what is kept can be asked for over HTTP.
	API api.Config        `yaml:"api"`
	Log observe.LogConfig `yaml:"log"`
}

// Default returns the default of every setting.
func Default() Config {
	return Config{
		Kafka: stream.Default(), Redis: sink.Default(), Pipeline: pipeline.Default(), Segments: segments.Default(), Destinations: activation.DefaultConfig(),
		Archive: archive.Default(), Snapshot: snapshot.Default(), Cubes: cube.Default(), Clock: WallClock, HTTP: observe.DefaultHTTP(), API: api.Default(), Tracking: tracking.Default(),
		Log: observe.DefaultLog(),
	}
}

// Validate returns everything that is wrong, each with its section, in the
// order of the fields; what does not fit together comes last.
func (c Config) Validate() error {
	return errors.Join(
		section("kafka", c.Kafka.Validate()), section("redis", c.Redis.Validate()),
		section("pipeline", c.Pipeline.Validate()), section("segments", c.Segments.Validate()),
		section("destinations", c.Destinations.Validate()), section("archive", c.Archive.Validate()),
		section("snapshot", c.Snapshot.Validate()), section("cubes", c.Cubes.Validate()),
		c.validateClock(), section("http", c.HTTP.Validate()), section("api", c.API.Validate()), section("tracking", c.Tracking.Validate()),
		section("log", c.Log.Validate()), c.validateTimeouts(), c.validateTracking(),
	)
}

func (c Config) validateClock() error {
	if c.Clock != WallClock && c.Clock != StreamClock {
		return fmt.Errorf("  clock: %q is neither %s nor %s", c.Clock, WallClock, StreamClock)
	}
	return nil
}

// validateTimeouts refuses a commit that may take longer than the group waits
// for its member.
func (c Config) validateTimeouts() error {
	if commit, session := c.Pipeline.CommitTimeout, c.Kafka.SessionTimeout; commit >= session {
		return section("pipeline", fmt.Errorf("commit_timeout is %s; it must be shorter than kafka's session_timeout, which is %s", commit, session))
	}
	return nil
}

// validateTracking refuses a topic that nobody would read events from.
func (c Config) validateTracking() error {
	topic, k := c.Tracking.Topic, c.Kafka
	if topic == "" || topic == k.Keyed || slices.Contains(k.Sources, topic) {
		return nil
	}
	return section("tracking", fmt.Errorf("topic is %q; it must be one of kafka's sources or its keyed topic %s, or be left out", topic, k.Keyed))
}

// TrackingTopic returns the topic that events go to which come over HTTP.
func (c Config) TrackingTopic() string {
	switch {
	case c.Tracking.Topic != "":
		return c.Tracking.Topic
	case len(c.Kafka.Sources) > 0:
		return c.Kafka.Sources[0]
	}
	return c.Kafka.Keyed
}

// section puts the section's name before every line of an error.
func section(name string, err error) error {
	if err == nil {
		return nil
	}
	prefix := "  " + name + ": "
	return errors.New(prefix + strings.ReplaceAll(err.Error(), "\n", "\n"+prefix))
}

// YAML returns the configuration as the text of a file, with *** in place of
// its secrets.
func (c Config) YAML() (string, error) {
	text, err := yaml.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("writing configuration: %w", err)
	}
	return string(text), nil
}
