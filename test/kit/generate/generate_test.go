package generate_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"muster/event"
	"muster/test/kit/generate"
	"muster/test/kit/oracle"
)

// vocabulary lists every word that must appear, as it is spelled in a rule.
var vocabulary = []string{
	"context.device.type", ".context.device.type", "#.context.", ".event_channel", ".properties.context", `context["page"]["load time"]`, "context.installed ", "let d = context.device",
	"any(groups, ", "all(groups, ", "none(groups, ", "one(groups, ", "count(groups", "len(groups)", ".group_id", "version(context.app.version)", "any(context.tags",
	"traits.", `traits["`, "traits.address.geo.lat", " in traits.tags", "len(traits.tags)", "any(traits.tags", "all(traits.tags", "none(traits.tags",
	"one(traits.tags", "count(traits.tags", "any(traits.items", "# startsWith", "version(", "profile.id", "profile.first_seen", "profile.last_seen",
	"profile.groups", `events("Order Completed")`, `events("Order*"`, `events("*"`, `events("Page Viewed"`, `events("Screen Viewed"`, `", "30d")`,
	`", "30d", "7d")`, ", since(", "filter(", "map(", "count(", "any(", "none(", "all(", "one(", "sum(", "sum(map(", "mean(map(", "min(map(", "max(map(",
	"len(uniq(map(", "float(", "int(", "string(", "date(traits", "traits.ends < traits.starts", "traits.ends == traits.starts", ".event_day", ".event_time", ".event_name", ".day", ".timestamp", ".name", "first(", "last(", "now()", `ago("`, `from_now("`, `date("`, `segment("`, "bucket(", " contains ", "held(", "held(held(", "(held(", "sequence(", "abandoned(",
	"not contains", " startsWith ", " endsWith ", " matches ", " in [", " not in [", "..", " + ", " - ", " * ", " / ", " % ", " ** ", " ^ ", "lower(", "upper(",
	"trim(", "len(", " ?? ", " ? ", "if (", "else", " | count()", " | filter(", " | map(", "uniq()", "let ", "== nil", "!= nil", "?.", " and ", " or ", "&&", "||",
	"not (", "!(", " == ", " != ", " < ", " <= ", " > ", " >= ", `"90s"`, `"15m"`, `"12h"`, `"30d"`, `"2w"`, "len(events(", `.coupon.code`, "traits.active",
}

func TestRulesCoverTheVocabulary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	rules := map[string]string{"base": "true"}
	var all strings.Builder
	for i := range 10_000 {
		rule := generate.Rule(r, r.IntN(4), []string{"base"})
		rules[fmt.Sprintf("r%05d", i)] = rule
		all.WriteString(rule + "\n")
	}
	if _, err := oracle.New(rules); err != nil {
		t.Fatal(err)
	}
	for _, word := range vocabulary {
		if !strings.Contains(all.String(), word) {
			t.Errorf("no rule has %s", word)
		}
	}
}

func TestSameSeedSameOutput(t *testing.T) {
	draw := func() (rules []string, events []event.Event) {
		r := rand.New(rand.NewPCG(5, 6))
		for range 100 {
			rules = append(rules, generate.Rule(r, 3, []string{"a", "b"}))
			events = append(events, generate.Event(r, []string{"p", "q"}, generate.Start))
		}
		return rules, events
	}
	rules1, events1 := draw()
	rules2, events2 := draw()
	if !reflect.DeepEqual(rules1, rules2) || !reflect.DeepEqual(events1, events2) {
		t.Error("the same seed gave something else")
	}
}

func TestNoSegmentsNoMention(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		if rule := generate.Rule(r, 3, nil); strings.Contains(rule, "segment(") {
			t.Fatal(rule)
		}
	}
}

// A crowd must be a rule, and big enough for the widest scales at times.
func TestCrowds(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	rules, wide := map[string]string{}, 0
	for i := range 60 {
		rule := generate.Crowd(r)
		rules[fmt.Sprintf("r%02d", i)] = rule
		n := strings.Count(rule, ", ")
		if n < 39 || len(rule) > 16<<10 {
			t.Errorf("%d constants in %d bytes", n, len(rule))
		}
		if n > 1100 {
			wide++
		}
	}
	if wide < 10 {
		t.Errorf("%d of 60 are wide", wide)
	}
	if _, err := oracle.New(rules); err != nil {
		t.Fatal(err)
	}
}

// Events must be legal, and hit what they are drawn to hit.
func TestEvents(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	profiles := []string{"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"}
	o, err := oracle.New(map[string]string{"s": "true"})
	if err != nil {
		t.Fatal(err)
	}
	const total = 5000
	clock := generate.Start
	types, times := map[event.Type]int{}, map[string]int{}
	repeats, late, ties, early := 0, 0, 0, 0
	for range total {
		e := generate.Event(r, profiles, clock)
		if e.Time < 0 || e.Time > e.Arrival || (e.Name == "") == e.IsBehaviour() {
			t.Fatalf("not a legal event: %+v", e)
		}
		types[e.Type]++
		if e.Arrival < clock {
			early++
		}
		if e.Time < e.Arrival {
			late++
		}
		key := fmt.Sprint(e.Profile, e.Time)
		if times[key]++; times[key] > 1 {
			ties++
		}
		if !o.Apply(&e) {
			repeats++
		}
		clock = o.Clock()
	}
	t.Logf("of %d events over %d days: %d repeats, %d late, %d tied, %d arrive early, types %v",
		total, (clock-generate.Start)/86_400_000, repeats, late, ties, early, types)
	for name, n := range map[string]int{"repeats": repeats, "late": late, "ties": ties, "early": early} {
		if n < total/100 || n > total/2 {
			t.Errorf("%d %s of %d", n, name, total)
		}
	}
	if len(types) != 6 {
		t.Errorf("types %v", types)
	}
}

// Rules must be neither nearly always true nor nearly always false, and
// most must change their answer within a history.
func TestBalance(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	rules := map[string]string{}
	for i := range 400 {
		rules[fmt.Sprintf("r%03d", i)] = generate.Rule(r, r.IntN(4), nil)
	}
	o, err := oracle.New(rules)
	if err != nil {
		t.Fatal(err)
	}
	profiles := []string{"p0", "p1", "p2", "p3", "p4", "p5"}
	yes, asked := map[string]int{}, 0
	for range 400 {
		e := generate.Event(r, profiles, max(o.Clock(), generate.Start))
		o.Apply(&e)
		asked++
		for _, id := range o.Memberships(e.Profile, o.Clock()) {
			yes[id]++
		}
	}
	sum, constant := 0, 0
	for id := range rules {
		sum += yes[id]
		if yes[id] == 0 || yes[id] == asked {
			constant++
		}
	}
	share := float64(sum) / float64(asked*len(rules))
	t.Logf("%.1f%% of decisions are true; %d of %d rules never change", 100*share, constant, len(rules))
	if share < 0.3 || share > 0.6 {
		t.Errorf("%.2f of all decisions are true", share)
	}
	if constant > len(rules)/3 {
		t.Errorf("%d of %d rules never change", constant, len(rules))
	}
}

// The change log must agree with asking from scratch after every event, and
// time must cause a fair share of the changes.
func TestLogAgreesWithAsking(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	rules := map[string]string{"a": generate.Rule(r, 1, nil), "b": generate.Rule(r, 1, nil)}
	for i := range 100 {
		rules[fmt.Sprintf("r%03d", i)] = generate.Rule(r, r.IntN(3), []string{"a", "b"})
	}
	l, err := oracle.NewLog(rules)
	if err != nil {
		t.Fatal(err)
	}
	profiles := []string{"p0", "p1", "p2", "p3"}
	in, versions, causes := map[string]bool{}, map[string]uint64{}, map[string]int{}
	absorb := func(changes []oracle.Change) {
		for _, c := range changes {
			causes[c.Cause]++
			versions[c.Profile]++
			key := c.Profile + " " + c.Segment
			if c.Version != versions[c.Profile] || in[key] == c.Entered {
				t.Fatalf("wrong change %+v", c)
			}
			in[key] = c.Entered
		}
		for _, profile := range profiles {
			for id := range rules {
				if in[profile+" "+id] != l.Oracle().In(id, profile) {
					t.Fatalf("the log has lost track of %s in %s: %s", profile, id, rules[id])
				}
			}
		}
	}
	for range 160 {
		e := generate.Event(r, profiles, max(l.Oracle().Clock(), generate.Start))
		absorb(l.Apply(&e))
	}
	absorb(l.Advance(l.Oracle().Clock() + 70*86_400_000))
	t.Logf("changes by cause: %v", causes)
	if n := causes[oracle.CauseTime]; n < causes[oracle.CauseEvent]/5 || n > causes[oracle.CauseEvent] {
		t.Errorf("causes %v", causes)
	}
}

func BenchmarkDecision(b *testing.B) {
	r := rand.New(rand.NewPCG(15, 16))
	rules := map[string]string{}
	for i := range 200 {
		rules[fmt.Sprintf("r%03d", i)] = generate.Rule(r, r.IntN(4), nil)
	}
	o, err := oracle.New(rules)
	if err != nil {
		b.Fatal(err)
	}
	for range 30 {
		e := generate.Event(r, []string{"p"}, max(o.Clock(), generate.Start))
		o.Apply(&e)
	}
	now, members := o.Clock(), 0
	for b.Loop() {
		now++
		members += len(o.Memberships("p", now))
	}
	if members == 0 {
		b.Error("no rule holds")
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(rules)), "us/decision")
}
