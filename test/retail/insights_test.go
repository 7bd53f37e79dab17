package retail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"muster/cube"
	"muster/event"
	"muster/insights"
	"muster/profile"
	"muster/rules"
	"muster/sink"
	"muster/snapshot"
	"muster/test/kit/ruleset"
)

// told is what insights.py tells.
type told struct {
	Products []string            `json:"products"`
	Sides    [2]int64            `json:"sides"`
	Rows     map[string][2]int64 `json:"rows"`
	Exactly  map[string]int64    `json:"exactly"`
	Sold     map[string][3]int64 `json:"sold"` // by product, month and country: customers, events, and those of many pieces
}

// TestRetailInsights: what is told of those who bought a product, by country and
// month, how the buyers of five products overlap, and how far a cube of what was
// sold reaches, is what a script in Python works out from the lines alone.
func TestRetailInsights(t *testing.T) {
	data := Open(t)
	limit := few
	if os.Getenv("MUSTER_RETAIL") != "" {
		limit = Lines
	}
	want := script(t, limit)
	texts := map[string]string{}
	for _, sku := range want.Products {
		texts[boughtID(sku)] = fmt.Sprintf(`count(events("Product Purchased"), .sku == %q) > 0`, sku)
	}
	for name := range want.Rows {
		if month, ok := strings.CutPrefix(name, "month "); ok {
			texts["month-"+month] = fmt.Sprintf(`count(events("Product Purchased"), .event_day startsWith %q) > 0`, month)
		}
	}
	sold := soldCube(t)
	shop := &applied{set: ruleset.Compile(t, texts), profiles: map[string]*profile.Profile{}, tally: cube.NewTally(cube.Default().Days)}
	shop.tally.Declare([]*cube.Cube{sold})
	if err := shop.apply(t, limit, func(visit func(Record) error) error { return Each(data, visit) }); err != nil {
		t.Fatal(err)
	}
	columns, err := snapshot.FillColumns(t.Context(), shop, snapshot.Default(), snapshot.Wanted{Traits: []string{"country"}}, func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	groups := make([]insights.Group, len(want.Products))
	for i, sku := range want.Products {
		members, _ := columns.Members(boughtID(sku))
		groups[i] = insights.Group{Name: sku, Segment: boughtID(sku), Of: members}
	}
	wrong := compareProfile(t, columns, groups[0], want) + compareOverlap(t, columns, groups, want) + compareCube(t, sold, shop.tally, want)
	figures := len(want.Rows) + len(want.Exactly) + len(want.Sold)
	write(t, map[string]any{"bench": "retail/insights", "profiles": columns.Held(), "figures": figures, "mismatches": wrong})
}

// boughtID is the segment of a product's buyers.
func boughtID(sku string) string { return "bought-" + strings.ToLower(sku) }

// script runs insights.py over so many lines.
func script(t *testing.T, lines int) (want told) {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skipf("NOTICE: skipped, there is no Python 3 to compare with: %v", err)
	}
	out, err := exec.Command("python3", "insights.py", file, fmt.Sprint(lines)).Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		t.Fatalf("running insights.py: %v\n%s", err, failed.Stderr)
	}
	if err == nil {
		err = json.Unmarshal(out, &want)
	}
	if err != nil || len(want.Rows) < 10 || len(want.Exactly) < 10 || len(want.Sold) < 10 {
		t.Fatalf("insights.py tells %d rows, %d combinations and %d cells: %v", len(want.Rows), len(want.Exactly), len(want.Sold), err)
	}
	return want
}

// applied is a deployment of one shard with the profiles that events have made,
// as snapshot.Source has it.
type applied struct {
	set      *rules.Set
	profiles map[string]*profile.Profile
	clock    int64
	tally    *cube.Tally
}

// apply applies the events of so many lines, and then evaluates the rules.
func (a *applied) apply(t *testing.T, lines int, each func(visit func(Record) error) error) error {
	t.Helper()
	decoder, err := event.NewDecoder(event.Default())
	if err != nil {
		return err
	}
	cfg, enough := profile.Default(), errors.New("enough lines")
	cfg.Entries = 16_384 // see pipeline
	var events []event.Event
	err = each(func(record Record) error {
		decoder.Reset()
		var rejected []event.Rejection
		if events, rejected = decoder.Decode(events[:0], nil, record.Value, 0, 0); len(rejected) > 0 {
			return fmt.Errorf("decoding %s: %s", record.Value, rejected[0].Reason)
		}
		for i := range events {
			a.takeIn(&cfg, &events[i])
			if events[i].Type == event.Track {
				lines--
			}
		}
		if lines == 0 {
			return enough
		}
		return nil
	})
	if err != nil && !errors.Is(err, enough) {
		return err
	}
	matcher := rules.NewMatcher(a.set)
	for _, p := range a.profiles {
		matcher.Full(p, a.clock)
	}
	return nil
}

func (a *applied) takeIn(cfg *profile.Config, e *event.Event) {
	a.clock = max(a.clock, e.Arrival)
	id := strings.Clone(e.Profile) // the decoder's memory is used again
	if a.profiles[id] == nil {
		a.profiles[id] = profile.New(id)
	}
	own := *e
	own.Profile = id
	a.profiles[id].Apply(a.set.Schema(), cfg, &own, a.clock, &profile.Changed{})
	a.tally.Count(&own, a.profiles[id])
}

// Layout implements snapshot.Source.
func (*applied) Layout(context.Context) (number, shards int, err error) { return 1, 1, nil }

// Glance implements snapshot.Source.
func (a *applied) Glance(context.Context, int) (sink.Glance, error) {
	_, names := profile.NewCodec(a.set.Schema(), a.set.IDs(), nil)
	return sink.Glance{Clock: a.clock, Names: names}, nil
}

// EachProfile implements snapshot.Source.
func (a *applied) EachProfile(_ context.Context, _ int, visit func(id, blob string) error) error {
	codec, _ := profile.NewCodec(a.set.Schema(), a.set.IDs(), nil)
	for _, id := range slices.Sorted(maps.Keys(a.profiles)) {
		if err := visit(id, string(codec.Append(nil, a.profiles[id], a.clock))); err != nil {
			return err
		}
	}
	return nil
}

// compareProfile returns how many figures of an audience's profile differ.
func compareProfile(t *testing.T, columns *snapshot.Columns, of insights.Group, want told) (wrong int) {
	t.Helper()
	p, err := insights.ProfileOf(t.Context(), columns, of, nil)
	if err != nil {
		t.Fatal(err)
	}
	if sides := [2]int64{p.Audience.Found, p.Against.Found}; sides != want.Sides {
		t.Errorf("the audiences are %v; the script tells %v", sides, want.Sides)
		wrong++
	}
	got := map[string][2]int64{}
	for i := range p.Findings {
		one := &p.Findings[i]
		name := ""
		if month, ok := strings.CutPrefix(one.Segment, "month-"); ok {
			name = "month " + month
		} else if one.Trait != "" && string(one.Value) != snapshot.NoValue {
			name = "country " + strings.Trim(string(one.Value), `"`)
		}
		if name != "" {
			got[name] = [2]int64{one.InAudience, one.InAgainst}
		}
	}
	return wrong + differing(t, "the profile", got, want.Rows)
}

// compareOverlap returns how many combinations differ.
func compareOverlap(t *testing.T, columns *snapshot.Columns, groups []insights.Group, want told) (wrong int) {
	t.Helper()
	o, err := insights.OverlapOf(columns, groups)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for i := range o.Combinations {
		if one := &o.Combinations[i]; one.Exactly.Found > 0 {
			got[strings.Join(one.Names, " ")] = one.Exactly.Found
		}
	}
	return differing(t, "the overlap", got, want.Exactly)
}

// differing returns how many figures are not those of the script.
func differing[V comparable](t *testing.T, what string, got, want map[string]V) (wrong int) {
	t.Helper()
	for name, figure := range want {
		if other, known := got[name]; !known || other != figure {
			t.Errorf("%s: %s is %v; the script tells %v", what, name, other, figure)
			wrong++
		}
	}
	for name := range got {
		if _, known := want[name]; !known {
			t.Errorf("%s: %s is told, and the script has it not", what, name)
			wrong++
		}
	}
	return wrong
}
