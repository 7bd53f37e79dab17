package cube

import (
	"errors"
	"fmt"
)

// Config is the section cubes of the configuration file. Start from Default.
type Config struct {
	// Path is the file, or the folder of *.yaml files, that declares cubes.
	// Default "": the segment files, where segments are in files; else there are
	// no cubes.
	Path string `yaml:"path"`
	// Cells bounds the cells of one cube in one shard and one day, week or month.
	// Beyond it the rarest are folded into one, (other), which is counted. 16 to
	// 1,000,000; default 10,000.
	Cells int `yaml:"cells"`
	// Days is how many days cells are kept behind the last day that they are of,
	// 1 to 3,660. Events that are older when they arrive are not counted. Default
	// 400.
	Days int `yaml:"days"`
}

// Default returns the documented defaults.
func Default() Config { return Config{Cells: 10_000, Days: 400} }

// Validate returns everything that is out of range, joined, in the order of the
// fields.
func (c Config) Validate() error {
	var problems []error
	if c.Cells < 16 || c.Cells > 1_000_000 {
		problems = append(problems, fmt.Errorf("cells is %d; it must be between 16 and 1000000", c.Cells))
	}
	if c.Days < 1 || c.Days > 3660 {
		problems = append(problems, fmt.Errorf("days is %d; it must be between 1 and 3660", c.Days))
	}
	return errors.Join(problems...)
}
