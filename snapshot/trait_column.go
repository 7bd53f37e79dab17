package snapshot

import (
	"bytes"
	"encoding/json"
	"strings"

	"muster/event"
	"muster/profile"
)

const (
	// mostValues bounds the values of a trait that are told apart.
	mostValues = 10_000
	// longestValue bounds a value that is told apart, in bytes.
	longestValue = 256
	// besideValue is what a value takes beside its text, about.
	besideValue = 160
)

// What stands for profiles without a value of their own. No value looks like
// this, as they are JSON.
const (
	NoValue     = "(none)"
	OtherValues = "(other)"
)

// TraitColumn has the value of a trait for each profile, as its number in a list
// of the values that there are. It is immutable and safe for concurrent use.
type TraitColumn struct {
	name   string
	path   profile.Path
	codes  []uint16 // by place
	values []string // by code, as JSON
	codeOf map[valueKey]uint16
	text   int64 // bytes of the values
}

func newTraitColumn(name string) *TraitColumn {
	return &TraitColumn{
		name: name, path: profile.PathOf(strings.Split(name, ".")...),
		values: []string{NoValue, OtherValues}, codeOf: map[valueKey]uint16{},
	}
}

// Name is the trait's, with dots between the keys.
func (t *TraitColumn) Name() string { return t.name }

// Values are the values that the trait has, as JSON, in the order of their
// numbers: NoValue, OtherValues, and then those of profiles as they came.
func (t *TraitColumn) Values() []string { return t.values }

// Count counts, for each of Values, how many of an audience have it.
func (t *TraitColumn) Count(of Audience) []int64 {
	counts := make([]int64, len(t.values))
	of.places.Iterate(func(place uint32) bool {
		counts[t.codes[place]]++
		return true
	})
	return counts
}

// add takes in the value of the next profile.
func (t *TraitColumn) add(v event.Value) { t.codes = append(t.codes, t.code(v)) }

func (t *TraitColumn) code(v event.Value) uint16 {
	key, code := keyOf(v)
	if code != codeFirst {
		return code
	}
	code, known := t.codeOf[key]
	if known {
		return code
	}
	if len(t.values) >= codeFirst+mostValues || len(key.text) > longestValue {
		return codeOther
	}
	key.text = strings.Clone(key.text) // what it is a part of must not stay for it
	code = uint16(len(t.values))
	t.codeOf[key] = code
	t.values = append(t.values, asJSON(v))
	t.text += int64(besideValue + len(key.text) + len(t.values[code]))
	return code
}

// asJSON is a value of a trait as JSON has it.
func asJSON(v event.Value) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v.Plain()); err != nil {
		return OtherValues // can't be: it was JSON before
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// bytes is what the column takes, about.
func (t *TraitColumn) bytes() int64 { return 2*int64(len(t.codes)) + t.text }
