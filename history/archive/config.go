package archive

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Config says where an archive is and how it is laid out. Start from Default:
// a zero Config is not valid.
type Config struct {
	// Location is s3://bucket/prefix, file:///folder or the path of a folder.
	// Default: empty, no archive.
	Location string `yaml:"location"`
	// Layout is who named the objects: segment, rudderstack, confluent or
	// firehose, or glob for names that Match fits. Default: glob.
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
}

// Auto is the encoding that a layout's writer uses.
const Auto = "auto"

// Default returns the default of every field.
func Default() Config {
	return Config{Layout: layoutGlob, Match: "**", Encoding: Auto}
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
	return errors.Join(problems...)
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
