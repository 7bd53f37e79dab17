package language

import (
	"fmt"
	"strconv"
	"strings"

	"muster/profile"
)

// appendSteps appends the canonical text of what an aggregate has beside a
// stream.
func (a *Aggregate) appendSteps(dst []byte) []byte {
	if a.Steps == nil {
		return dst
	}
	dst = strconv.AppendInt(append(dst, ' '), a.Within, 10)
	for i := range a.Steps {
		dst = a.Steps[i].appendCanonical(dst)
	}
	return dst
}

// formatSteps writes what an aggregate of steps yields, which the language
// has no word for.
func (a *Aggregate) formatSteps() string {
	if a.Reduce == profile.ReduceAbandoned {
		return "the time of abandoned(" + strings.Join(a.formatStreams(), ", ") + ")"
	}
	return "the begin of " + a.formatSequence()
}

func (a *Aggregate) formatSequence() string {
	return fmt.Sprintf("sequence(%q, %s)", formatDuration(a.Within), strings.Join(a.formatStreams(), ", "))
}

func (a *Aggregate) formatStreams() []string {
	texts := make([]string, len(a.Steps))
	for i, st := range a.Steps {
		if a.Stream.Window.Sliding {
			st.Window = a.Stream.Window
		}
		texts[i] = st.format()
	}
	return texts
}

// formatTimed writes a comparison that sequence or abandoned has become.
func (t *Term) formatTimed() (string, bool) {
	if len(t.Args) == 0 || t.Args[0].Op != OpAggregate {
		return "", false
	}
	switch a := t.Args[0].Aggregate; a.Reduce {
	case profile.ReduceSequence:
		return a.formatSequence(), true
	case profile.ReduceAbandoned:
		return fmt.Sprintf("abandoned(%s, %q)", strings.Join(a.formatStreams(), ", "), formatDuration(-t.Args[1].Offset)), true
	}
	return "", false
}
