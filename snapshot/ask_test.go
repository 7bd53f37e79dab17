package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/pipeline"
	"muster/rules"
	"muster/sink"
	"muster/snapshot"
	"muster/test/kit/generate"
	"muster/test/kit/oracle"
	"muster/test/kit/redis"
	"muster/test/kit/ruleset"
)

const shards = 3

// deployment is a store that random events of some profiles have filled, and
// the oracle that has had the same.
type deployment struct {
	store    *sink.Store
	oracle   *oracle.Oracle
	profiles []string
}

// deploy has a rule set in force. The oracle knows further rules beside it.
func deploy(t *testing.T, r *rand.Rand, inForce, beside map[string]string, profiles, events int) *deployment {
	t.Helper()
	d := &deployment{store: open(t)}
	all := maps.Clone(inForce)
	maps.Copy(all, beside)
	var err error
	if d.oracle, err = oracle.New(all); err != nil {
		t.Fatal(err)
	}
	set := ruleset.Compile(t, inForce)
	drivers := make([]*pipeline.Driver, shards)
	config := pipeline.Default()
	config.CacheBytes = 0
	for shard := range drivers {
		state, err := d.store.Open(t.Context(), shard)
		if err != nil {
			t.Fatal(err)
		}
		drivers[shard] = pipeline.NewDriver(set, config, state, pipeline.PortOf(d.store, shard))
	}
	for i := range profiles {
		d.profiles = append(d.profiles, fmt.Sprint("customer-", i))
	}
	clock := generate.Start
	for range events {
		e := generate.Event(r, d.profiles, clock)
		e.Arrival = max(e.Arrival, clock)
		clock = e.Arrival
		d.oracle.Apply(&e)
		if _, err := drivers[owner(e.Profile)].Apply(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
	}
	for _, driver := range drivers {
		if err := driver.Advance(t.Context(), clock); err != nil {
			t.Fatal(err)
		}
		if err := driver.Commit(t.Context(), int64(events)); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func owner(profile string) int { return len(profile) * int(profile[len(profile)-1]) % shards }

func open(t *testing.T) *sink.Store {
	t.Helper()
	cfg := sink.Default()
	cfg.Addresses, cfg.Buckets = []string{redis.Start(t).Address}, 16
	store, err := sink.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.Init(t.Context(), shards); err != nil {
		t.Fatal(err)
	}
	return store
}

func (d *deployment) fill(t *testing.T, memory int64) *snapshot.Snapshot {
	t.Helper()
	s, err := snapshot.Fill(t.Context(), d.store, snapshot.Config{Memory: memory}, func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask asks a question to its end, with what is told on the way.
func ask(t *testing.T, s *snapshot.Snapshot, q *snapshot.Question) (end *snapshot.Answer, told []*snapshot.Answer) {
	t.Helper()
	end, err := s.Ask(t.Context(), q, 0, func(a *snapshot.Answer) error {
		told = append(told, a)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return end, told
}

func ofRule(t *testing.T, rule string, beside *rules.Set) *snapshot.Question {
	t.Helper()
	q, err := snapshot.OfRule(rule, beside)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// TestTheEndIsTheOracles asks random rules of random profiles. Whatever is not
// marked is, at its end, what the oracle finds from the whole history.
func TestTheEndIsTheOracles(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 2))
	inForce, beside := generate.Set(r, []string{"a", "b", "c", "d", "e", "f", "g", "h"}), map[string]string{}
	ids := slices.Sorted(maps.Keys(inForce))
	for i := range 150 {
		beside[fmt.Sprintf("ad-hoc-%d", i)] = generate.Rule(r, r.IntN(3), ids)
	}
	d := deploy(t, r, inForce, beside, 60, 2000)
	s, set := d.fill(t, 1<<30), ruleset.Compile(t, inForce)
	if s.Held() != int64(len(d.oracle.Profiles())) || s.All() != s.Held() {
		t.Fatalf("%d of %d profiles are held; there are %d", s.Held(), s.All(), len(d.oracle.Profiles()))
	}
	exact, marked := 0, 0
	for _, id := range slices.Sorted(maps.Keys(beside)) {
		q := ofRule(t, beside[id], set)
		lacks, err := s.Lacks(t.Context(), q, d.store)
		if err != nil {
			t.Fatal(err)
		}
		if len(lacks) > 0 {
			marked++
			continue
		}
		exact++
		compare(t, d.oracle, s, q, id, beside[id])
	}
	t.Logf("%d rules are exact, %d are marked", exact, marked)
	if exact < 30 || marked < 30 {
		t.Errorf("%d rules are exact and %d are marked, which proves little", exact, marked)
	}
}

// compare holds the answer to one rule against the oracle.
func compare(t *testing.T, o *oracle.Oracle, s *snapshot.Snapshot, q *snapshot.Question, id, rule string) {
	t.Helper()
	members := o.Members(id)
	a, _ := ask(t, s, q)
	one := a.Segments[0]
	if want := int64(len(members)); !a.Done || one.Found != want || one.Band != (snapshot.Band{Estimate: want, Low: want, High: want}) {
		t.Errorf("%s: the answer is %+v; the oracle has %d members", rule, one, want)
	}
	for _, example := range one.Examples {
		if !slices.Contains(members, example) {
			t.Errorf("%s: the example %s is no member", rule, example)
		}
	}
}

// TestADraftIsOneQuestion: all segments in force together are what the oracle
// finds of each. Those without held lack nothing.
func TestADraftIsOneQuestion(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 3))
	inForce := generate.Set(r, []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"})
	d := deploy(t, r, inForce, nil, 40, 2000)
	s, set := d.fill(t, 1<<30), ruleset.Compile(t, inForce)
	q := snapshot.OfDraft(set, false)
	a, _ := ask(t, s, q)
	for i, id := range slices.Sorted(maps.Keys(inForce)) {
		if one, want := a.Segments[i], int64(len(d.oracle.Members(id))); one.ID != id || one.Found != want {
			t.Errorf("place %d is %s with %d members; want %s with %d", i, one.ID, one.Found, id, want)
		}
	}
	lacks, err := s.Lacks(t.Context(), q, d.store)
	if err != nil {
		t.Fatal(err)
	}
	for _, lack := range lacks {
		if !lack.Held || lack.Untracked || lack.Since != 0 {
			t.Errorf("a segment in force is told to lack something: %+v", lack)
		}
	}
}

// TestAgainstLive: who would enter and leave is the difference between what the
// oracle finds of the draft and of the rules in force.
func TestAgainstLive(t *testing.T) {
	inForce := map[string]string{"narrower": `traits.age > 18`, "same": `traits.active == true`, "gone": `traits.age > 18`}
	draft := map[string]string{"narrower": `traits.age > 18 and traits.plan == "pro"`, "same": `traits.active == true`, "new": `traits.plan == "pro"`}
	beside := map[string]string{}
	for id, rule := range draft {
		beside["draft-"+id] = rule
	}
	d := deploy(t, rand.New(rand.NewPCG(8, 8)), inForce, beside, 300, 2000)
	a, _ := ask(t, d.fill(t, 1<<30), snapshot.OfDraft(ruleset.Compile(t, draft), true))
	if len(a.Segments) != len(draft) {
		t.Fatalf("%d segments are told of: %+v", len(a.Segments), a)
	}
	moves := int64(0)
	for _, one := range a.Segments {
		before, after := []string{}, d.oracle.Members("draft-"+one.ID)
		if _, known := inForce[one.ID]; known {
			before = d.oracle.Members(one.ID)
		}
		entering, leaving := without(after, before), without(before, after)
		if one.Entering.Estimate != int64(len(entering)) || one.Leaving.Estimate != int64(len(leaving)) || one.Found != int64(len(after)) {
			t.Errorf("%s: %+v enter and %+v leave; want %d and %d", one.ID, one.Entering, one.Leaving, len(entering), len(leaving))
		}
		if len(without(one.Entering.Examples, entering))+len(without(one.Leaving.Examples, leaving)) > 0 {
			t.Errorf("%s: the examples %v and %v are none", one.ID, one.Entering.Examples, one.Leaving.Examples)
		}
		moves += one.Entering.Found + 1000*one.Leaving.Found
	}
	if moves < 1000 || moves%1000 == 0 {
		t.Errorf("nobody enters, or nobody leaves: %+v", a)
	}
}

// TestOverlap: what a rule shares with each segment in force, also with one that
// it mentions, is what the oracle finds.
func TestOverlap(t *testing.T) {
	inForce := map[string]string{"adult": `traits.age > 18`, "active": `traits.active == true`, "nobody": `traits.age > 1000`}
	rule := `segment("adult") or traits.plan == "pro"`
	d := deploy(t, rand.New(rand.NewPCG(9, 9)), inForce, map[string]string{"tried": rule}, 300, 2000)
	s, q := d.fill(t, 1<<30), ofRule(t, rule, ruleset.Compile(t, inForce)).WithOverlap()
	end, told := ask(t, s, q)
	tried := d.oracle.Members("tried")
	if len(end.Overlap) != 2 || len(told) == 0 || told[0].Overlap != nil {
		t.Fatalf("the overlap is %+v", end.Overlap)
	}
	for _, one := range end.Overlap {
		members := d.oracle.Members(one.Segment)
		both := int64(len(tried) - len(without(tried, members)))
		ofRule, ofSegment := float64(both)/float64(len(tried)), float64(both)/float64(len(members))
		if one.Both.Estimate != both || one.Size.Estimate != int64(len(members)) || one.OfRule != ofRule || one.OfSegment != ofSegment {
			t.Errorf("%+v; the oracle has %d of %d", one, both, len(members))
		}
	}
	if end.Overlap[0].Both.Estimate < end.Overlap[1].Both.Estimate {
		t.Errorf("it is not in order: %+v", end.Overlap)
	}
}

// without returns those of a list that another does not have.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(one string) bool { return slices.Contains(other, one) })
}

// TestWhatIsNotKeptIsMarked: events that no rule in force asks for, and those
// that are older than it asks for.
func TestWhatIsNotKeptIsMarked(t *testing.T) {
	inForce := map[string]string{"week": `sum(map(events("Order Completed", "7d"), .price)) > 1`}
	d := deploy(t, rand.New(rand.NewPCG(1, 1)), inForce, nil, 20, 500)
	s := d.fill(t, 1<<30)
	for rule, want := range map[string]string{
		`sum(map(events("Order Completed", "7d"), .price)) > 99`:  "",
		`sum(map(events("Order Completed", "30d"), .price)) > 99`: "since",
		`sum(map(events("Order Completed", "7d"), .qty)) > 99`:    "not tracked",
		`count(events("Never Asked For")) == 0`:                   "not tracked",
		`traits.plan == "pro"`:                                    "",
		`held(traits.plan == "pro", "1h")`:                        "held",
	} {
		lacks, err := s.Lacks(t.Context(), ofRule(t, rule, nil), d.store)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, lack := range lacks {
			switch {
			case lack.Held:
				got = "held"
			case lack.Untracked:
				got = "not tracked"
			case lack.Since > 0:
				got = "since"
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q (%+v)", rule, got, want, lacks)
		}
	}
}

// TestAnAnswerClosesIn: what is told on the way goes from the first profiles to
// the last, its band has the truth at its end, and examples stay.
func TestAnAnswerClosesIn(t *testing.T) {
	d := deploy(t, rand.New(rand.NewPCG(5, 5)), map[string]string{"a": `traits.age > 30`}, nil, 3000, 9000)
	s := d.fill(t, 1<<30)
	// bucket() of rules hashes the id too: the order must not go with it.
	for _, rule := range []string{`traits.age > 30`, `bucket("salt") < 25`, `bucket("") < 25`} {
		end, told := ask(t, s, ofRule(t, rule, nil))
		if len(told) < 5 || !end.Done {
			t.Fatalf("%s: %d answers are told, the last is %+v", rule, len(told), end)
		}
		truth, before := end.Segments[0].Found, int64(0)
		for _, a := range told {
			one := a.Segments[0]
			// Twice as far as the band: two questions must not fail by chance.
			if a.Seen <= before || a.Done || truth < 2*one.Low-one.Estimate || truth > 2*one.High-one.Estimate {
				t.Errorf("%s: after %d of %d %+v is told; the truth is %d", rule, a.Seen, a.Held, one, truth)
			}
			if all := end.Segments[0].Examples; len(all) != 5 || !slices.Equal(one.Examples, all[:len(one.Examples)]) {
				t.Errorf("%s: the examples are %v and then %v", rule, one.Examples, end.Segments[0].Examples)
			}
			before = a.Seen
		}
	}
}

// TestASampleSaysSo: what does not fit is left out, and the answer is an
// estimate to its end.
func TestASampleSaysSo(t *testing.T) {
	d := deploy(t, rand.New(rand.NewPCG(6, 6)), map[string]string{"a": `traits.age > 30`}, nil, 3000, 9000)
	whole := d.fill(t, 1<<30)
	s := d.fill(t, whole.Bytes()/4)
	if s.All() != whole.All() || s.Held() < s.All()/6 || s.Held() > s.All()/3 || s.Bytes() > whole.Bytes()/4 {
		t.Fatalf("%d of %d profiles are held in %d bytes; all take %d", s.Held(), s.All(), s.Bytes(), whole.Bytes())
	}
	q := ofRule(t, `traits.age > 30`, nil)
	truth, _ := ask(t, whole, q)
	end, _ := ask(t, s, q)
	one, want := end.Segments[0], truth.Segments[0].Found
	if !end.Done || one.Low == one.High || want < one.Low || want > one.High || one.Found >= want {
		t.Errorf("the sample tells %+v; the truth is %d", one, want)
	}
}

// TestAQuestionCanBeCancelled ends it within a stride, with what is known.
func TestAQuestionCanBeCancelled(t *testing.T) {
	d := deploy(t, rand.New(rand.NewPCG(6, 6)), map[string]string{"a": `traits.age > 30`}, nil, 2000, 4000)
	s := d.fill(t, 1<<30)
	ctx, cancel := context.WithCancel(t.Context())
	a, err := s.Ask(ctx, ofRule(t, `traits.age > 30`, nil), 0, func(*snapshot.Answer) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || a == nil || a.Done || a.Seen == 0 || a.Seen > s.Held()/2 || a.Segments[0].Low == a.Segments[0].High {
		t.Errorf("the cancelled question gives %+v, %v", a, err)
	}
	full := errors.New("the disk is full")
	if _, err := s.Ask(t.Context(), ofRule(t, `true`, nil), time.Hour, func(*snapshot.Answer) error { return full }); !errors.Is(err, full) {
		t.Errorf("who can't be told gives %v", err)
	}
	if _, err := snapshot.Fill(ctx, d.store, snapshot.Default(), func(int64) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("filling gives %v", err)
	}
}

// A mistake has its caret, and an ad hoc rule takes no other segment's id.
func TestRules(t *testing.T) {
	_, err := snapshot.OfRule(`traits.age >> 30`, nil)
	var mistakes rules.Errors
	if !errors.As(err, &mistakes) || !strings.Contains(err.Error(), "traits.age >> 30\n") || !strings.Contains(err.Error(), "^") {
		t.Errorf("a wrong rule gives %v", err)
	}
	if _, err := snapshot.OfRule(`segment("vip")`, nil); err == nil || !strings.Contains(err.Error(), "vip") {
		t.Errorf("an unknown segment gives %v", err)
	}
	d := deploy(t, rand.New(rand.NewPCG(6, 6)), map[string]string{"preview": `traits.age > 30`}, nil, 100, 400)
	q := ofRule(t, `not segment("preview")`, ruleset.Compile(t, map[string]string{"preview": `traits.age > 30`, "other": `segment("preview")`}))
	a, _ := ask(t, d.fill(t, 1<<30), q)
	if len(a.Segments) != 1 || a.Segments[0].ID != "preview-2" || a.Segments[0].Found+int64(len(d.oracle.Members("preview"))) != a.Held {
		t.Errorf("the answer is %+v; %d are in the other", a, len(d.oracle.Members("preview")))
	}
}

// broken has a profile that nobody can read.
type broken struct{ *sink.Store }

func (b broken) EachProfile(ctx context.Context, shard int, visit func(id, blob string) error) error {
	if shard == 1 {
		return visit("u7", "\xff\x00")
	}
	return b.Store.EachProfile(ctx, shard, visit)
}

func TestAnUnreadableProfileIsNamed(t *testing.T) {
	s, err := snapshot.Fill(t.Context(), broken{open(t)}, snapshot.Default(), func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	if a, err := s.Ask(t.Context(), ofRule(t, `true`, nil), 0, nil); a != nil || err == nil || !strings.Contains(err.Error(), `"u7"`) {
		t.Errorf("it gives %+v, %v", a, err)
	}
}

// TestNobodyIsThere: a deployment without a profile has an answer.
func TestNobodyIsThere(t *testing.T) {
	s, err := snapshot.Fill(t.Context(), open(t), snapshot.Default(), func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	if a, told := ask(t, s, ofRule(t, `true`, nil)); !a.Done || len(told) > 0 || a.Segments[0].Band != (snapshot.Band{}) || a.Segments[0].Share != 0 {
		t.Errorf("the answer is %+v", a)
	}
}
