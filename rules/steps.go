package rules

import (
	"fmt"
	"strconv"
	"strings"

	"muster/profile"
)

// stepsKey identifies the series of a sequence or of abandoned.
func (a *aggregate) stepsKey() string {
	parts := []string{strconv.Itoa(int(keepOf(a.reduce, a.stream.window.sliding))), strconv.FormatInt(a.within, 10)}
	for i := range a.steps {
		parts = append(parts, string(a.steps[i].append(nil)))
	}
	return strings.Join(parts, "|")
}

// stepsOf is the series of a sequence or of abandoned.
func (b *builder) stepsOf(a *aggregate, key string) profile.Series {
	s := profile.Series{Key: key, Keep: keepOf(a.reduce, a.stream.window.sliding), Within: a.within}
	for _, st := range a.steps {
		s.Steps = append(s.Steps, profile.Step{Name: st.name, Prefix: st.prefix, Since: st.window.since, Where: b.predicateOf(&st)})
	}
	return s
}

// appendSteps appends the canonical text of what an aggregate has beside a
// stream.
func (a *aggregate) appendSteps(dst []byte) []byte {
	if a.steps == nil {
		return dst
	}
	dst = strconv.AppendInt(append(dst, ' '), a.within, 10)
	for i := range a.steps {
		dst = a.steps[i].append(dst)
	}
	return dst
}

// formatSteps writes what an aggregate of steps yields, which the language
// has no word for.
func (a *aggregate) formatSteps() string {
	if a.reduce == profile.Abandoned {
		return "the time of abandoned(" + strings.Join(a.formatStreams(), ", ") + ")"
	}
	return "the begin of " + a.formatSequence()
}

func (a *aggregate) formatSequence() string {
	return fmt.Sprintf("sequence(%q, %s)", formatDuration(a.within), strings.Join(a.formatStreams(), ", "))
}

func (a *aggregate) formatStreams() []string {
	texts := make([]string, len(a.steps))
	for i, st := range a.steps {
		if a.stream.window.sliding {
			st.window = a.stream.window
		}
		texts[i] = st.format()
	}
	return texts
}

// formatTimed writes a comparison that sequence or abandoned has become.
func (t *Term) formatTimed() (string, bool) {
	if len(t.args) == 0 || t.args[0].op != opAggregate {
		return "", false
	}
	switch a := t.args[0].aggregate; a.reduce {
	case profile.Sequence:
		return a.formatSequence(), true
	case profile.Abandoned:
		return fmt.Sprintf("abandoned(%s, %q)", strings.Join(a.formatStreams(), ", "), formatDuration(-t.args[1].offset)), true
	}
	return "", false
}
