package metamorphic

import (
	"maps"
	"slices"
	"testing"

	"muster/event"
	"muster/pipeline"
	"muster/rules"
)

// replica is a driver that records are fed to one by one and that stores
// nothing: the engine of evaluator replay.
type replica struct {
	t       *testing.T
	set     *rules.Set
	driver  *pipeline.Driver
	decoder *event.Decoder
	changes []pipeline.Change
}

func newReplica(t *testing.T, set *rules.Set) *replica {
	t.Helper()
	config := pipeline.Default()
	decoder, err := event.NewDecoder(config.Events)
	if err != nil {
		t.Fatal(err)
	}
	return &replica{t: t, set: set, decoder: decoder, driver: pipeline.NewDriver(set, config, pipeline.State{Next: -1}, nil)}
}

// replay feeds all records.
func replay(t *testing.T, set *rules.Set, records []pipeline.Record) *replica {
	t.Helper()
	r := newReplica(t, set)
	for i := range records {
		r.feed(&records[i])
	}
	return r
}

func (r *replica) feed(record *pipeline.Record) {
	r.t.Helper()
	r.decoder.Reset()
	events, rejected := r.decoder.Decode(nil, nil, record.Value, record.Time, 0)
	if len(rejected) > 0 {
		r.t.Fatalf("rejected: %s", rejected[0].Reason)
	}
	for i := range events {
		r.apply(&events[i])
	}
}

func (r *replica) apply(ev *event.Event) {
	r.t.Helper()
	if _, err := r.driver.Apply(r.t.Context(), ev); err != nil {
		r.t.Fatal(err)
	}
	r.changes = append(r.changes, r.driver.Changes()...)
}

func (r *replica) advance(until int64) {
	r.t.Helper()
	if err := r.driver.Advance(r.t.Context(), until); err != nil {
		r.t.Fatal(err)
	}
	r.changes = append(r.changes, r.driver.Changes()...)
}

// memberships returns the segments of every profile that is in one, each in
// ascending order.
func (r *replica) memberships() map[string][]string {
	in := map[string][]string{}
	for _, segment := range slices.Sorted(slices.Values(r.set.IDs())) {
		r.driver.Members(segment, func(profile string) { in[profile] = append(in[profile], segment) })
	}
	return in
}

// followed returns the memberships that a change log leads to.
func followed(changes []pipeline.Change) map[string][]string {
	members := map[string]map[string]bool{}
	for _, c := range changes {
		if members[c.Profile] == nil {
			members[c.Profile] = map[string]bool{}
		}
		if c.Entered {
			members[c.Profile][c.Segment] = true
		} else {
			delete(members[c.Profile], c.Segment)
		}
	}
	in := map[string][]string{}
	for profile, segments := range members {
		if len(segments) > 0 {
			in[profile] = slices.Sorted(maps.Keys(segments))
		}
	}
	return in
}
