package segments

import (
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff returns what has to change in one text of a segment to make it another,
// as the hunks of a unified diff; "" for texts that are the same.
func Diff(id, before, after string) string {
	text := string(diff.Diff("before/"+id, []byte(before), "after/"+id, []byte(after)))
	// The lines before the first hunk name files, which these are not.
	if _, hunks, found := strings.Cut(text, "\n@@"); found {
		text = "@@" + hunks
	}
	return text
}
