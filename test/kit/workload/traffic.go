package workload

import (
	"math/rand/v2"

	"muster/event"
)

// Change is a new value of one attribute.
type Change struct {
	Attribute *Attribute
	Value     event.Value
}

// Traffic draws which profile acts and what that changes. It is used by one
// goroutine.
type Traffic struct {
	attributes []*Attribute
	r          *rand.Rand
	rank       *rand.Zipf
	changes    []Change
}

// NewTraffic returns the traffic of a seed over a number of profiles. Few
// profiles act often: Zipf with exponent 1.1, flattened over the first 10.
func NewTraffic(attributes []*Attribute, seed uint64, profiles int) *Traffic {
	r := rand.New(rand.NewPCG(seed, 2))
	return &Traffic{attributes: attributes, r: r, rank: rand.NewZipf(r, 1.1, 10, uint64(profiles-1))}
}

// Profile draws the profile that acts next.
func (t *Traffic) Profile() int { return int(t.rank.Uint64()) }

// Changes draws what an event changes: 1 to 5 attributes, on average almost
// 3, of which 7 of 10 are aggregates. The slice is valid until the next call.
func (t *Traffic) Changes(current func(*Attribute) event.Value) []Change {
	t.changes = t.changes[:0]
	for range 1 + t.r.IntN(5) {
		a := t.attributes[t.r.IntN(Traits)]
		if t.r.IntN(10) < 7 {
			a = t.attributes[Traits+t.r.IntN(len(t.attributes)-Traits)]
		}
		if !t.drawn(a) {
			t.changes = append(t.changes, Change{a, a.Step(t.r, current(a))})
		}
	}
	return t.changes
}

func (t *Traffic) drawn(a *Attribute) bool {
	for _, c := range t.changes {
		if c.Attribute == a {
			return true
		}
	}
	return false
}
