package load

import (
	"encoding/json"
	"fmt"
	"slices"

	"muster/event"
	"muster/test/kit/workload"
)

// call is what of an event decides about memberships.
type call struct {
	Batch      []call         `json:"batch"`
	Type       string         `json:"type"`
	Event      string         `json:"event"`
	Traits     map[string]any `json:"traits"`
	Properties struct {
		Value float64 `json:"value"`
	} `json:"properties"`
}

// history is what all customers have come to, by profile: a value of every
// attribute. Nothing in it has left a window.
type history struct {
	attributes []*workload.Attribute
	values     map[string][]event.Value
}

// verify demands that the members of every segment in Redis are those for
// whom its rule holds by the workload's own account.
func (r *run) verify() {
	r.t.Helper()
	h := history{attributes: workload.Customers(), values: map[string][]event.Value{}}
	births, tr := newTraffic(r.population), newTraffic(r.population)
	for number := range r.population.profiles {
		h.add(r, births.birth(number))
	}
	for number := range r.touches() {
		h.add(r, tr.touch(number))
	}
	for tr.made < r.traffic.made {
		h.add(r, tr.next())
	}
	members := 0
	for segment, rule := range r.segments.rules {
		var want []string
		for profile, values := range h.values {
			if rule.Holds(values) {
				want = append(want, profile)
			}
		}
		got := r.members(segment)
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			r.t.Errorf("%s: segment %s has %d members, want %d: %s", r.contender, segment, len(got), len(want), rule.Text(workload.Muster))
		}
		members += len(got)
	}
	if members == 0 && len(r.segments.rules) > 0 {
		r.t.Errorf("%s: nobody is in any segment", r.contender)
	}
}

func (r *run) members(segment string) []string {
	r.t.Helper()
	var all []string
	for shard := range r.redis.shards {
		some, err := r.redis.client.SMembers(r.t.Context(), fmt.Sprintf("m:{s%d}:seg:%s", shard, segment)).Result()
		if err != nil {
			r.t.Fatalf("reading members: %v", err)
		}
		all = append(all, some...)
	}
	return all
}

func (h *history) add(r *run, m message) {
	r.t.Helper()
	var c call
	if err := json.Unmarshal(m.value, &c); err != nil {
		r.t.Fatalf("%s: %v", m.value, err)
	}
	values := h.values[m.profile]
	if values == nil {
		values = make([]event.Value, len(h.attributes))
		for i, a := range h.attributes {
			if a.Window != nil {
				values[i] = event.NumberOf(0)
			}
		}
		h.values[m.profile] = values
	}
	for _, one := range append(c.Batch, c) {
		h.apply(values, &one)
	}
}

func (h *history) apply(values []event.Value, c *call) {
	for i, a := range h.attributes {
		switch {
		case a.Window == nil:
			if v, told := c.Traits[a.Name]; told {
				values[i] = valueOf(v)
			}
		case c.Type != "track" || c.Event != a.Window.Event:
		case a.Window.Sum:
			values[i] = event.NumberOf(values[i].Number() + c.Properties.Value)
		default:
			values[i] = event.NumberOf(values[i].Number() + 1)
		}
	}
}

// valueOf is a trait's value as JSON has it.
func valueOf(v any) event.Value {
	switch v := v.(type) {
	case string:
		return event.StringOf(v)
	case float64:
		return event.NumberOf(v)
	case bool:
		return event.BoolOf(v)
	}
	return event.Value{}
}
