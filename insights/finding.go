package insights

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"muster/snapshot"
)

// Finding compares how frequent one thing is in an audience and in another: to be
// in a segment, or to have a value of a trait.
type Finding struct {
	Segment string `json:"segment,omitempty"`
	Trait   string `json:"trait,omitempty"` // where it is no segment
	// Value is the trait's as JSON, snapshot.NoValue or snapshot.OtherValues.
	Value Value `json:"value,omitempty"`
	// InAudience and InAgainst are how many have it, of those that are held.
	InAudience int64 `json:"in_audience"`
	InAgainst  int64 `json:"in_against"`
	// Share and ShareAgainst are parts of either audience, from 0 to 1.
	Share        float64 `json:"share"`
	ShareAgainst float64 `json:"share_against"`
	// Index is 100 times Share by ShareAgainst: 100 is as frequent, 200 twice as
	// frequent. The truth is from IndexLow to IndexHigh in 95 of 100 cases.
	Index     Index `json:"index"`
	IndexLow  Index `json:"index_low"`
	IndexHigh Index `json:"index_high"`
	// P is how probable a difference like this is by chance, and Q the same with
	// all comparisons in mind: see adjusted.
	P float64 `json:"p"`
	Q float64 `json:"q"`
	// Differs says that Q is small enough to count on it.
	Differs bool `json:"differs"`
}

// Index is a number that may be infinite or, where nothing can be told, none.
// JSON has null for both.
type Index float64

// MarshalJSON implements json.Marshaler.
func (x Index) MarshalJSON() ([]byte, error) {
	if math.IsInf(float64(x), 0) || math.IsNaN(float64(x)) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(x), 'g', -1, 64), nil
}

// UnmarshalJSON takes null for infinite: of what was compared, nothing else is
// written so.
func (x *Index) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*x = Index(math.Inf(1))
		return nil
	}
	return json.Unmarshal(text, (*float64)(x))
}

// Value is a value of a trait, as snapshot.TraitColumn tells it.
type Value string

// MarshalJSON writes a value as it is, null where there is none, and an object
// for what is not told apart.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v {
	case snapshot.NoValue:
		return []byte("null"), nil
	case snapshot.OtherValues:
		return []byte(`{"other":true}`), nil
	}
	return json.RawMessage(v).MarshalJSON()
}

// UnmarshalJSON reads what MarshalJSON writes.
func (v *Value) UnmarshalJSON(text []byte) error {
	switch {
	case string(text) == "null":
		*v = snapshot.NoValue
	case text[0] == '{':
		*v = snapshot.OtherValues
	default:
		*v = Value(text)
	}
	return nil
}

// Label names what was compared, for people.
func (f *Finding) Label() string {
	switch f.Value {
	case "":
		return f.Segment
	case snapshot.NoValue:
		return f.Trait + " is missing"
	case snapshot.OtherValues:
		return f.Trait + " is another"
	}
	return fmt.Sprintf("%s is %s", f.Trait, f.Value)
}

// sure is the logarithm of how many times as frequent it is at least, negative
// for less frequent, and 0 where it may be either: the end of the band that is
// nearer to "the same". So what few profiles say does not stand above what many
// say.
func (f *Finding) sure() float64 {
	switch {
	case f.IndexLow > same:
		return math.Log(float64(f.IndexLow / same))
	case f.IndexHigh < same:
		return math.Log(float64(f.IndexHigh / same))
	}
	return 0
}

// same is the index of what is as frequent in both audiences.
const same = 100

// inOrder puts findings from more to less frequent, by what is sure of it.
func inOrder(findings []Finding) {
	slices.SortFunc(findings, func(a, b Finding) int {
		if order := cmp.Or(cmp.Compare(b.sure(), a.sure()), cmp.Compare(b.Index, a.Index)); order != 0 {
			return order
		}
		return strings.Compare(a.Label(), b.Label())
	})
}

// compare fills in what follows from the counts, but for Q.
func (f *Finding) compare(audience, against int64) {
	r := ratioOf(f.InAudience, audience, f.InAgainst, against)
	f.Share, f.ShareAgainst = float64(f.InAudience)/float64(audience), float64(f.InAgainst)/float64(against)
	f.Index, f.IndexLow, f.IndexHigh = Index(same*r.Value), Index(same*r.Low), Index(same*r.High)
	f.P = exactTest(f.InAudience, audience, f.InAgainst, against)
}
