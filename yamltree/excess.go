package yamltree

import (
	"fmt"
	"strings"
)

// Bounds of a text. The YAML package takes a time that grows with the square
// of each of these, so that without them 128 KB can keep it busy for minutes.
// What people and programs write of segments, events and destinations is far
// below: a segment has six keys, and an event is at most 32 deep.
const (
	maxBlanks = 100      // lines in a row without a sign
	maxKeys   = 500      // keys of one mapping, each on a line of its own
	maxDepth  = 100      // mappings and lists within each other
	maxEmpty  = 1000     // keys and entries of lists without a value
	maxTexts  = 1000     // texts in one file, between lines of three dashes
	maxPaths  = 64 << 20 // bytes of the paths of all values; the parser makes each
)

// Excess says which bound a text is beyond, and where.
type Excess struct {
	Line, Column int
	Message      string
	Hint         string // what to do about it
}

// Error returns place, message and hint.
func (e *Excess) Error() string {
	return fmt.Sprintf("%d:%d: %s; %s", e.Line, e.Column, e.Message, e.Hint)
}

// blanks looks for the one thing that even cutting a text into tokens takes
// long for.
func blanks(text string) *Excess {
	line, empty := 0, 0
	for one := range strings.SplitSeq(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n") {
		line++
		if empty++; strings.Trim(one, " \t") != "" {
			empty = 0
		}
		if empty > maxBlanks {
			return &Excess{line, 1, fmt.Sprintf("there are more than %d empty lines in a row", maxBlanks), "take some out"}
		}
	}
	return nil
}
