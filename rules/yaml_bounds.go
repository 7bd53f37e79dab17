package rules

import (
	"fmt"
	"strings"
)

// maxBrackets bounds the opening brackets and dashes of one line: the
// parser's time grows with the square of their nesting. The longest rule
// stays below it.
const maxBrackets = MaxSource

// maxUnclosed bounds the same over the lines of a file.
const maxUnclosed = 4 * maxBrackets

// nesting returns a mistake when a file could keep the parser busy for long.
// It takes brackets in texts for brackets, so the bounds are wide.
func (r *yamlReader) nesting() *Error {
	unclosed := 0
	for i, line := range r.lines {
		opened := strings.Count(line, "[") + strings.Count(line, "{")
		if opened+strings.Count(line, "- ") > maxBrackets {
			return r.at(i+1, 1, fmt.Sprintf("the line has more than %d opening brackets and dashes", maxBrackets), "nest less, or break the line")
		}
		unclosed = max(0, unclosed+opened-strings.Count(line, "]")-strings.Count(line, "}"))
		if unclosed > maxUnclosed {
			return r.at(i+1, 1, fmt.Sprintf("more than %d opening brackets are not closed up to here", maxUnclosed), "nest less, or split the file")
		}
	}
	return nil
}
