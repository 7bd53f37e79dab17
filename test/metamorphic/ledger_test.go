package metamorphic

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"muster/pipeline"
	"muster/test/kit/oracle"
)

// What has to be true of an edited shard.

// members returns the memberships by profile that the changes lead to.
func (e *edited) members() map[string][]string { return followed(e.store.Outbox(0)) }

// foretold returns the memberships that the oracle finds under the rules in
// force, from all that happened.
func (e *edited) foretold() map[string][]string {
	e.t.Helper()
	return e.oracle(e.texts).memberships(e.driver.Clock())
}

// truth is an oracle of a history.
type truth struct{ *oracle.Oracle }

func (e *edited) oracle(texts map[string]string) truth {
	e.t.Helper()
	o, err := oracle.New(texts)
	if err != nil {
		e.t.Fatal(err)
	}
	for i := range max(0, e.driver.Next()) {
		o.Advance(e.clocks[i])
		o.Apply(&e.log[i])
	}
	return truth{o}
}

func (o truth) memberships(now int64) map[string][]string {
	in := map[string][]string{}
	for _, id := range o.Profiles() {
		if segments := o.Memberships(id, now); len(segments) > 0 {
			in[id] = segments
		}
	}
	return in
}

// mustBeExact demands of a shard that is swept what a fresh one would hold.
func (e *edited) mustBeExact(when string) {
	e.t.Helper()
	e.mustBeConsistent(when)
	if got, want := e.members(), e.foretold(); !reflect.DeepEqual(got, want) {
		e.t.Fatalf("%s: %s", when, difference(got, want))
	}
	last := e.commits[len(e.commits)-1]
	if last.Swept != last.Generation || last.Rules != e.set.Fingerprint() {
		e.t.Fatalf("%s: generation %d is stored as swept up to %d", when, last.Generation, last.Swept)
	}
	for id := range e.store.Sizes() {
		if _, is := e.texts[id]; !is {
			e.t.Fatalf("%s: segment %s is no more and has a size", when, id)
		}
	}
	var known []string
	for name := range e.catalog {
		if id, ok := strings.CutPrefix(name, "s:"); ok {
			known = append(known, id)
		}
	}
	if want := slices.Sorted(maps.Keys(e.texts)); !slices.Equal(slices.Sorted(slices.Values(known)), want) {
		e.t.Fatalf("%s: the catalog has segments %q, want %q", when, known, want)
	}
}

// mustBeCurrent demands that the profiles of the last records, which were
// touched, are where the rules in force say, swept or not.
func (e *edited) mustBeCurrent(records int) {
	e.t.Helper()
	next := int(max(0, e.driver.Next()))
	in, o, touched := e.members(), e.oracle(e.texts), map[string]bool{}
	for i := max(0, next-records); i < next; i++ {
		touched[e.log[i].Profile] = true
	}
	for id := range touched {
		want := o.Memberships(id, e.driver.Clock())
		got := in[id]
		if !slices.Equal(got, want) && len(got)+len(want) > 0 {
			e.t.Fatalf("profile %s, touched at offset %d: it is in %q, want %q", id, next-1, got, want)
		}
	}
}

// mustBeConsistent demands versions without gaps, changes that change
// something, and member sets and sizes that are what the changes lead to.
func (e *edited) mustBeConsistent(when string) {
	e.t.Helper()
	outbox := e.store.Outbox(0)
	mustFollow(e.t, when, outbox)
	members := map[string][]string{}
	for id, segments := range followed(outbox) {
		for _, segment := range segments {
			members[segment] = append(members[segment], id)
		}
	}
	for id, size := range e.store.Sizes() {
		if int(size) != len(members[id]) {
			e.t.Fatalf("%s: segment %s has size %d, its changes lead to %d", when, id, size, len(members[id]))
		}
	}
	ids := slices.Sorted(maps.Keys(members))
	for id := range e.texts {
		ids = append(ids, id)
	}
	for _, id := range ids {
		want := slices.Sorted(slices.Values(members[id]))
		if !listed(id) {
			want = nil
		}
		if got := e.store.Members(id); !slices.Equal(got, want) {
			e.t.Fatalf("%s: segment %s has members %q, its changes lead to %q", when, id, got, want)
		}
	}
}

// mustFollow demands of a log that each profile's versions are 1, 2, 3, ...
// and that it enters and leaves each segment in turn.
func mustFollow(t *testing.T, when string, changes []pipeline.Change) {
	t.Helper()
	versions, in := map[string]uint64{}, map[[2]string]bool{}
	for i, c := range changes {
		if versions[c.Profile]++; c.Version != versions[c.Profile] {
			t.Fatalf("%s: change %d has version %d, the profile's next is %d: %+v", when, i, c.Version, versions[c.Profile], c)
		}
		place := [2]string{c.Profile, c.Segment}
		if in[place] == c.Entered {
			t.Fatalf("%s: change %d changes nothing: %+v", when, i, c)
		}
		in[place] = c.Entered
	}
}

// mustBeDifference demands that the commits since one say how memberships
// differ from others, each difference once, at the shard's clock and because
// of the rules, and that they write no profile without reason.
func (e *edited) mustBeDifference(before map[string][]string, commits []*pipeline.Commit) {
	e.t.Helper()
	after := e.foretold()
	want := append(left(before, after, true), left(after, before, false)...)
	var got []pipeline.Change
	for _, c := range commits {
		changed := map[string]bool{}
		for _, one := range c.Changes {
			changed[one.Profile] = true
			if one.At != e.driver.Clock() || one.Cause != pipeline.CauseRules {
				e.t.Fatalf("a change of an edit at %d: %+v", e.driver.Clock(), one)
			}
			one.At, one.Cause, one.Version = 0, "", 0
			got = append(got, one)
		}
		for _, w := range c.Profiles {
			if !changed[w.Profile] && !w.Timer && len(e.set.Schema().Conditions) == 0 {
				e.t.Fatalf("profile %s was written, and neither its memberships nor its timer have changed", w.Profile)
			}
		}
	}
	if slices.SortFunc(got, byPlace); !slices.Equal(got, slices.SortedFunc(slices.Values(want), byPlace)) {
		e.t.Fatalf("the changes of an edit are\n%+v\nwant\n%+v", got, want)
	}
}

// left lists what is in a and not in b as exits, or what is so as entries.
func left(a, b map[string][]string, exits bool) (changes []pipeline.Change) {
	for id, segments := range a {
		for _, segment := range segments {
			if !slices.Contains(b[id], segment) {
				changes = append(changes, pipeline.Change{Segment: segment, Profile: id, Entered: !exits})
			}
		}
	}
	return changes
}

func byPlace(a, b pipeline.Change) int {
	return cmp.Or(strings.Compare(a.Profile, b.Profile), strings.Compare(a.Segment, b.Segment))
}

// difference names the first profile that two memberships differ in.
func difference(got, want map[string][]string) string {
	ids := slices.AppendSeq(slices.Collect(maps.Keys(got)), maps.Keys(want))
	slices.Sort(ids)
	for _, id := range ids {
		if !slices.Equal(got[id], want[id]) {
			return "profile " + id + " is in " + strings.Join(got[id], " ") + ", want " + strings.Join(want[id], " ")
		}
	}
	return "none"
}
