package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"muster/credentials"
	"muster/observe"
	"muster/pipeline"
	"muster/segments"
	"muster/sink"
	"muster/stream"
)

// What arrival times are clamped to, and what moves time while none come.
const (
	clockWall   = "wall"
	clockStream = "stream"
)

// config is the configuration file.
type config struct {
	Kafka    stream.Config   `yaml:"kafka"`
	Redis    sink.Config     `yaml:"redis"`
	Pipeline pipeline.Config `yaml:"pipeline"`
	Segments segments.Config `yaml:"segments"`
	// Clock is wall, where an arrival time over 5 minutes ahead of the wall
	// clock counts as the wall clock and time goes on while nothing comes, or
	// stream, where every arrival time is believed and only they move time:
	// for feeding old or simulated data. Default wall.
	Clock string            `yaml:"clock"`
	HTTP  httpConfig        `yaml:"http"`
	Log   observe.LogConfig `yaml:"log"`
}

// httpConfig is about the port for metrics and health checks.
type httpConfig struct {
	// Listen is the host:port to listen on; "" for none. Default :8080.
	Listen string `yaml:"listen"`
}

func defaultConfig() config {
	kafka := stream.DefaultConfig()
	kafka.Brokers, kafka.Keyed = []string{"127.0.0.1:9092"}, "muster-events"
	return config{
		Kafka: kafka, Redis: sink.Default(), Pipeline: pipeline.DefaultConfig(),
		Segments: segments.DefaultConfig(), Clock: clockWall,
		HTTP: httpConfig{Listen: ":8080"}, Log: observe.DefaultLogConfig(),
	}
}

// readConfig reads and checks a configuration file. Whatever is wrong with
// it makes it unusable.
func readConfig(path string) (config, error) {
	c := defaultConfig()
	data, err := os.ReadFile(path)
	if err != nil {
		return c, unusable(fmt.Errorf("reading configuration: %w", err))
	}
	if err := c.decode(data, os.LookupEnv); err != nil {
		return c, unusable(fmt.Errorf("reading configuration %s: %w", path, err))
	}
	if err := c.validate(); err != nil {
		return c, unusable(fmt.Errorf("configuration %s:\n%w", path, placed(err, data)))
	}
	c.resolve(filepath.Dir(path))
	if err := c.checkFiles(data); err != nil {
		return c, unusable(fmt.Errorf("configuration %s:\n%w", path, err))
	}
	return c, nil
}

// resolve looks for files beside the configuration.
func (c *config) resolve(folder string) {
	for _, file := range []*string{
		&c.Segments.Path, &c.Kafka.SASL.PasswordFile, &c.Kafka.TLS.CAFile, &c.Kafka.TLS.CertFile, &c.Kafka.TLS.KeyFile,
		&c.Redis.PasswordFile, &c.Redis.TLS.CAFile, &c.Redis.TLS.CertFile, &c.Redis.TLS.KeyFile,
	} {
		if *file != "" && !filepath.IsAbs(*file) {
			*file = filepath.Join(folder, *file)
		}
	}
}

// checkFiles returns a line for every file that can't be used, with its place
// in the configuration's text.
func (c *config) checkFiles(text []byte) error {
	return errors.Join(filesOf("kafka", c.Kafka.CheckFiles(), text), filesOf("redis", c.Redis.CheckFiles(), text))
}

func filesOf(part string, err error, text []byte) error {
	var several interface{ Unwrap() []error }
	if !errors.As(err, &several) {
		return err
	}
	var lines []error
	for _, one := range several.Unwrap() {
		var file *credentials.FileError
		if errors.As(one, &file) {
			one = fmt.Errorf("  %s%s: %w", placeOf(text, part+"."+file.Field), part, one)
		}
		lines = append(lines, one)
	}
	return errors.Join(lines...)
}

// validate returns everything that is wrong, each with its section.
func (c *config) validate() error {
	errs := []error{
		section("kafka", c.Kafka.Validate()), section("redis", c.Redis.Validate()),
		section("pipeline", c.Pipeline.Validate()), section("segments", c.Segments.Validate()), section("log", c.Log.Validate()),
	}
	if c.Clock != clockWall && c.Clock != clockStream {
		errs = append(errs, fmt.Errorf("  clock: %q is neither %s nor %s", c.Clock, clockWall, clockStream))
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

// print returns the configuration as YAML, without its secrets.
func (c config) print() (string, error) {
	text, err := yaml.Marshal(c)
	return string(text), wrap("writing configuration", err)
}
