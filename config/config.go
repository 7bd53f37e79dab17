package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"muster/observe"
	"muster/pipeline"
	"muster/segments"
	"muster/sink"
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
	// Clock is wall, where an arrival time over 5 minutes ahead of the wall
	// clock counts as the wall clock and time goes on while nothing comes, or
	// stream, where every arrival time is believed and only they move time:
	// for feeding old or simulated data. Default wall.
	Clock string            `yaml:"clock"`
	HTTP  HTTP              `yaml:"http"`
	Log   observe.LogConfig `yaml:"log"`
}

// HTTP is about the port for metrics and health checks.
type HTTP struct {
	// Listen is the host:port to listen on; "" for none. Default :8080.
	Listen string `yaml:"listen"`
}

// Default returns the default of every setting.
func Default() Config {
	kafka := stream.Default()
	kafka.Brokers, kafka.Keyed = []string{"127.0.0.1:9092"}, "muster-events"
	return Config{
		Kafka: kafka, Redis: sink.Default(), Pipeline: pipeline.Default(),
		Segments: segments.Default(), Clock: WallClock,
		HTTP: HTTP{Listen: ":8080"}, Log: observe.DefaultLogConfig(),
	}
}

// Validate returns everything that is wrong, each with its section.
func (c Config) Validate() error {
	errs := []error{
		section("kafka", c.Kafka.Validate()), section("redis", c.Redis.Validate()),
		section("pipeline", c.Pipeline.Validate()), section("segments", c.Segments.Validate()), section("log", c.Log.Validate()),
	}
	if c.Clock != WallClock && c.Clock != StreamClock {
		errs = append(errs, fmt.Errorf("  clock: %q is neither %s nor %s", c.Clock, WallClock, StreamClock))
	}
	if commit, session := c.Pipeline.CommitTimeout, c.Kafka.SessionTimeout; commit >= session {
		errs = append(errs, fmt.Errorf("  pipeline: commit_timeout is %s; it must be shorter than kafka's session_timeout, which is %s", commit, session))
	}
	return errors.Join(errs...)
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
