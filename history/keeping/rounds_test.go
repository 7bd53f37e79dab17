package keeping

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"muster/history/publication"
	"muster/pipeline"
	"muster/rules"
)

// deployed are shards that know what was brought to them, and tell what they lack.
type deployed struct {
	still
	seams []pipeline.Seam
	lacks []pipeline.Mark
}

// Seams implements publication.Shards.
func (d *deployed) Seams(context.Context, int) ([]pipeline.Seam, error) { return d.seams, nil }

// Lacks implements Lacks.
func (d *deployed) Lacks(context.Context, int, *rules.Set) ([]pipeline.Mark, error) {
	return d.lacks, nil
}

// stopped is a clock that stands until it is moved.
type stopped struct{ now time.Time }

// Now implements publication.Clock.
func (s *stopped) Now() time.Time { return s.now }

// Wait implements publication.Clock.
func (s *stopped) Wait(context.Context, time.Duration) error { return nil }

// Each of the five reasons by itself has a Keeper bring history, by one run for all
// that is wanted, and of nothing else; and then nothing is wanted any more.
func TestEachReasonBringsHistoryOnce(t *testing.T) {
	const rule = `count(events("Ordered", "90d")) >= 2`
	k, _, _ := keeperOf(t)
	shards, clock, runs := &deployed{}, &stopped{now: at}, 0
	k.Target.Shards, k.Target.Clock, k.Lacks, k.Every = shards, clock, shards, 24*time.Hour
	k.Bring = func(_ context.Context, p *publication.Publication) (*publication.Report, error) {
		runs++
		run := "run " + strconv.Itoa(runs)
		shards.seams = append(shards.seams, pipeline.Seam{Run: run})
		return &publication.Report{Request: p.ID(), Run: run, Segments: p.Segments(), WholeSince: at.AddDate(0, 0, -100).Format(time.RFC3339Nano)}, nil
	}
	use := func(set *rules.Set) { k.Source.Rules, shards.rules = set, set.Fingerprint() }
	auto := func(id, rule string) rules.Segment {
		s := rules.NewSegment(id, rule)
		s.Backfill = true
		return s
	}
	with := func(segments ...rules.Segment) *rules.Set {
		set, err := rules.Compile(segments)
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	pro, many, more := auto("pro", `traits.plan == "pro"`), auto("many", rule), auto("more", `count(events("Ordered", "60d")) >= 3`)
	byHand := rules.NewSegment("by-hand", `count(events("Ordered")) > 9`)
	for _, c := range []struct {
		what   string
		change func()
		reason Reason
		want   string
	}{
		{"a first start over an old archive", func() { use(with(many, pro, byHand)) }, ReasonNew, "many pro"},
		{"a segment that is added", func() { use(with(many, pro, byHand, more)) }, ReasonNew, "more"},
		{"a segment that is edited", func() { use(with(auto("many", rule+` and profile.id != ""`), pro, byHand, more)) }, ReasonEdited, "many"},
		{"a store that was lost", func() { shards.seams = nil }, ReasonLost, "many more pro"},
		{"events that were not kept", func() { shards.lacks = []pipeline.Mark{{Segment: "more", Since: at.UnixMilli()}} }, ReasonLacking, "more"},
		{"profiles that were silent", func() { clock.now = clock.now.Add(24 * time.Hour) }, ReasonSilent, "many more pro"},
	} {
		before := runs
		c.change()
		wants, _, err := k.Wants(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range wants {
			if w.Reason != c.reason {
				t.Errorf("%s: %s is wanted as it is %s", c.what, w.Segment, w.Reason)
			}
		}
		report, err := k.Round(t.Context())
		if err != nil || report == nil {
			t.Fatalf("%s: %+v, %v", c.what, report, err)
		}
		shards.lacks = nil // the run has brought it
		brought := slices.Sorted(slices.Values(report.Segments))
		if got := strings.Join(brought, " "); got != c.want || runs != before+1 {
			t.Errorf("%s: brought are %s by %d runs, want %s by one", c.what, got, runs-before, c.want)
		}
		if again, err := k.Round(t.Context()); again != nil || err != nil || runs != before+1 {
			t.Errorf("%s: once more %+v was brought, %v", c.what, again, err)
		}
	}
}
