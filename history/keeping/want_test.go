package keeping

import (
	"reflect"
	"testing"
	"time"

	"muster/history"
	"muster/pipeline"
	"muster/rules"
)

var at = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

func compile(t *testing.T, many string) *rules.Set {
	t.Helper()
	auto := func(id, rule string) rules.Segment {
		s := rules.NewSegment(id, rule)
		s.Backfill = true
		return s
	}
	set, err := rules.Compile([]rules.Segment{
		auto("many", many), auto("pro", `traits.plan == "pro"`), rules.NewSegment("by-hand", `count(events("Ordered")) > 9`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestWants(t *testing.T) {
	const rule = `count(events("Ordered", "90d")) >= 2`
	set := compile(t, rule)
	position, _ := set.Position("many")
	pro, _ := set.Position("pro")
	day := 24 * time.Hour
	all := func() *Record {
		given := Given{Run: "run", Whole: at.Add(-90 * day).UnixMilli(), Ended: at.Add(-time.Hour).UnixMilli()}
		r := &Record{Segments: map[string]Given{}}
		given.Meaning = meaning(set, position)
		r.Segments["many"] = given
		given.Meaning = meaning(set, pro)
		r.Segments["pro"] = given
		return r
	}
	without := func(id string) *Record {
		r := all()
		delete(r.Segments, id)
		return r
	}
	known := Shard{Seams: []pipeline.Seam{{Run: "another"}, {Run: "run"}}}
	lacking := func(since time.Time) Shard {
		return Shard{Seams: known.Seams, Lacks: []pipeline.Mark{{Segment: "many", Since: since.UnixMilli()}, {Segment: "by-hand", Since: since.UnixMilli()}}}
	}
	for name, test := range map[string]struct {
		set    *rules.Set
		record *Record
		shards []Shard
		every  time.Duration
		want   []Want
	}{
		"all is there":                    {set, all(), []Shard{known, known}, 0, nil},
		"a first start":                   {set, &Record{}, []Shard{{}, {}}, 0, []Want{{"many", ReasonNew}, {"pro", ReasonNew}}},
		"added":                           {set, without("pro"), []Shard{known, known}, 0, []Want{{"pro", ReasonNew}}},
		"edited":                          {compile(t, rule+" and profile.id != \"\""), all(), []Shard{known, known}, 0, []Want{{"many", ReasonEdited}}},
		"a store that was lost":           {set, all(), []Shard{known, {Seams: []pipeline.Seam{{Run: "another"}}}}, 0, []Want{{"many", ReasonLost}, {"pro", ReasonLost}}},
		"kept since later":                {set, all(), []Shard{known, lacking(at)}, 0, []Want{{"many", ReasonLacking}}},
		"kept since the archive is whole": {set, all(), []Shard{known, lacking(at.Add(-90 * day))}, 0, nil},
		"not long ago":                    {set, all(), []Shard{known, known}, 2 * time.Hour, nil},
		"long ago":                        {set, all(), []Shard{known, known}, time.Hour, []Want{{"many", ReasonSilent}, {"pro", ReasonSilent}}},
	} {
		if got := Wants(test.set, test.record, test.shards, at, test.every); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// TestRecordIsReadAsItWasWritten, and what can't be read says what to do.
func TestRecordIsReadAsItWasWritten(t *testing.T) {
	c := &history.Config{Dir: t.TempDir()}
	if r, err := readRecord(c, "deployment"); err != nil || len(r.Segments) > 0 || r.Running != nil {
		t.Fatalf("where there is none: %+v, %v", r, err)
	}
	r := &Record{Running: &Running{"id", "rules", []string{"a"}}, Segments: map[string]Given{"a": {"1", "run", 2, 3}}}
	if err := r.write(c, "deployment"); err != nil {
		t.Fatal(err)
	}
	if got, err := readRecord(c, "deployment"); err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("%+v, %v", got, err)
	}
}
