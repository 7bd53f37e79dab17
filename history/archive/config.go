package archive

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Config says where an archive is and how it is laid out. Start from Default:
// a zero Config is not valid.
type Config struct {
	// Location is s3://bucket/prefix, file:///folder or the path of a folder.
	// Default: empty, no archive.
	Location string `yaml:"location"`
	// Layout is who named the objects: segment, rudderstack, confluent or
	// firehose, or glob for keys that Match fits. Default: glob.
	Layout string `yaml:"layout"`
	// Match is a pattern of the keys below Location that layout glob reads:
	// * and ? stand for characters of one part of a path, [a-z] for one of
	// them, ** for any number of parts, and {yyyy}, {mm}, {dd} and {hh} for
	// the digits of a date. Default: **.
	Match string `yaml:"match"`
	// Encoding is how records stand in objects whose names don't end in
	// .parquet: lines, values that stand one behind the other, parquet, or
	// auto for what the layout writes. Default: auto.
	Encoding string `yaml:"encoding"`
	// Column is the column of Parquet objects that holds the record as a JSON
	// text. Default: empty, the columns are the fields of the record.
	Column string `yaml:"column"`
	// Endpoint is the http:// or https:// address of a server that speaks the
	// protocol of S3. Default: empty, AWS.
	Endpoint string `yaml:"endpoint"`
	// Region is the one of AWS that the bucket is in. Default: empty, what
	// AWS_REGION or the profile says, else us-east-1.
	Region string `yaml:"region"`
	// PathStyle has requests name the bucket in their path and not in the
	// host, which most servers other than AWS need. Default: false.
	PathStyle bool `yaml:"path_style"`
	// Anonymous sends requests without credentials, for public buckets.
	// Default: false, with those that the AWS tools would find: of the
	// environment, the profile, or the role of the machine or pod.
	Anonymous bool `yaml:"anonymous"`
	// Concurrency bounds the requests of one listing that are under way, 1 to
	// 64. Each may hold 5,000 objects in memory. Default: 8.
	Concurrency int `yaml:"concurrency"`
	// Attempts bounds how often a request to S3 is sent, 1 to 100, and how
	// often in a row a connection that gave nothing is taken up again. The
	// pause between two is up to 100 ms at first, twice as much each time, and
	// at most 20 s. Default: 10, about half a minute.
	Attempts int `yaml:"attempts"`
	// ReadTimeout is how long a connection to S3 may give no byte while one is
	// awaited. Above 0, at most 10m. Default: 30s.
	ReadTimeout time.Duration `yaml:"read_timeout"`
}

// Bounds of Config.
const (
	maxConcurrency = 64
	maxAttempts    = 100
	maxTimeout     = 10 * time.Minute
)

// Auto is the encoding that a layout's writer uses.
const Auto = "auto"

// Default returns the default of every field.
func Default() Config {
	return Config{
		Layout: Glob, Match: "**", Encoding: Auto, Concurrency: 8, Attempts: 10, ReadTimeout: 30 * time.Second,
	}
}

// Validate returns every value that is out of its bounds, joined, in the order
// of the fields.
func (c Config) Validate() error {
	var problems []error
	if _, err := parseLocation(c.Location); c.Location != "" && err != nil {
		problems = append(problems, fmt.Errorf("location: %w", err))
	}
	if !slices.Contains(layouts, c.Layout) {
		problems = append(problems, fmt.Errorf("layout: %q is none of %s", c.Layout, strings.Join(layouts, ", ")))
	}
	if _, err := compilePattern(c.Match); err != nil {
		problems = append(problems, fmt.Errorf("match: %w", err))
	}
	if _, err := c.encoding(Lines); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(append(problems, c.validateS3())...)
}

func (c Config) validateS3() error {
	var problems []error
	if u, err := url.Parse(c.Endpoint); c.Endpoint != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		problems = append(problems, fmt.Errorf("endpoint: %q is no address like https://s3.example.com", c.Endpoint))
	}
	if c.Concurrency < 1 || c.Concurrency > maxConcurrency {
		problems = append(problems, fmt.Errorf("concurrency: %d is not within 1 to %d", c.Concurrency, maxConcurrency))
	}
	if c.Attempts < 1 || c.Attempts > maxAttempts {
		problems = append(problems, fmt.Errorf("attempts: %d is not within 1 to %d", c.Attempts, maxAttempts))
	}
	if c.ReadTimeout <= 0 || c.ReadTimeout > maxTimeout {
		problems = append(problems, fmt.Errorf("read_timeout: %s is not above 0 and at most %s", c.ReadTimeout, maxTimeout))
	}
	return errors.Join(problems...)
}

// Resolve makes a Location that is the relative path of a folder one below
// another folder, as the file is in that has the settings.
func (c *Config) Resolve(folder string) {
	if at, err := parseLocation(c.Location); err == nil && at.folder == c.Location && !filepath.IsAbs(c.Location) {
		c.Location = filepath.Join(folder, c.Location)
	}
}

// encoding returns the encoding of objects whose names tell none.
func (c Config) encoding(auto Encoding) (Encoding, error) {
	if c.Encoding == Auto {
		return auto, nil
	}
	if i := slices.Index(encodings[:Foreign], c.Encoding); i >= 0 {
		return Encoding(i), nil
	}
	return 0, fmt.Errorf("encoding: %q is none of %s, %s", c.Encoding, Auto, strings.Join(encodings[:Foreign], ", "))
}
