package activation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Mistake is one thing that is wrong with a destination, and where it stands.
type Mistake struct {
	File        string // "" when the destination was not read from one
	Line        int    // 1-based
	Column      int    // 1-based, in characters
	Destination string // name, "" when the mistake is outside a destination
	Message     string // what is wrong
	Hint        string // what to write instead, "" when the message says it
}

// Error formats the mistake: where and what, and the hint in a second line.
// Unlike that of a rule it does not show the line, which may hold a secret.
func (m *Mistake) Error() string {
	var text strings.Builder
	if m.File != "" {
		fmt.Fprintf(&text, "%s:%d:%d: ", m.File, m.Line, m.Column)
	}
	if m.Destination != "" {
		fmt.Fprintf(&text, "destination %s: ", m.Destination)
	}
	text.WriteString(m.Message)
	if m.Hint != "" {
		fmt.Fprintf(&text, "\n    hint: %s", m.Hint)
	}
	return text.String()
}

// Mistakes are all that is wrong, in the order of files and lines.
type Mistakes []*Mistake

// Error lists the mistakes, a line or two each.
func (m Mistakes) Error() string {
	texts := make([]string, len(m))
	for i, one := range m {
		texts[i] = one.Error()
	}
	return strings.Join(texts, "\n")
}

// Unwrap makes each mistake reachable for errors.As.
func (m Mistakes) Unwrap() []error {
	list := make([]error, len(m))
	for i, one := range m {
		list[i] = one
	}
	return list
}

// err returns the mistakes in their order, nil when there are none.
func (m Mistakes) err() error {
	if len(m) == 0 {
		return nil
	}
	slices.SortStableFunc(m, func(a, b *Mistake) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
	return m
}

// place is where something stands in a file.
type place struct {
	file         string
	line, column int
}
