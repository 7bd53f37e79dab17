package oracle

import (
	"fmt"
	"strings"
)

// stream is one spelling of events(...): which names, within which window.
type stream struct {
	name   string // without the trailing *
	prefix bool
	older  int64   // the window ends this many milliseconds before now, closed
	newer  int64   // and starts this many before now, open; 0 for no start
	since  instant // only from this instant on, when from is set
	from   bool
}

// parsePattern reads the name of a stream: exact, or a prefix before a
// trailing *.
func parsePattern(source string) (name string, prefix bool, err error) {
	name, prefix = strings.CutSuffix(source, "*")
	if strings.Contains(name, "*") {
		return "", false, fmt.Errorf("%q: * may only stand at the end", source)
	}
	return name, prefix, nil
}

// holds reports whether a behaviour is in the stream at now.
func (s stream) holds(b behaviour, now int64) bool {
	if s.prefix {
		if !strings.HasPrefix(b.name, s.name) {
			return false
		}
	} else if b.name != s.name {
		return false
	}
	if b.at > now-s.older {
		return false
	}
	if s.newer != 0 && b.at <= now-s.newer {
		return false
	}
	return !s.from || b.at >= int64(s.since)
}

// of narrows a history, keeping its order.
func (s stream) of(events []behaviour, now int64) []any {
	kept := []any{}
	for _, b := range events {
		if s.holds(b, now) {
			kept = append(kept, b.fields)
		}
	}
	return kept
}
