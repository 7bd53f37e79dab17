package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"muster/directive"
	"muster/event"
	"muster/profile"
	"muster/rules"
)

// keptPort is a Port that keeps what is committed.
type keptPort struct {
	state State
	blobs map[string]string
	last  Commit
}

func (k *keptPort) Load(_ context.Context, ids []string) ([]string, error) {
	blobs := make([]string, len(ids))
	for i, id := range ids {
		blobs[i] = k.blobs[id]
	}
	return blobs, nil
}

func (k *keptPort) Commit(_ context.Context, c *Commit) error {
	k.last = *c
	k.last.Changes = slices.Clone(c.Changes)
	s := &k.state
	s.Next, s.Clock, s.Rules, s.Generation, s.Swept = c.Next, c.Clock, c.Rules, c.Generation, c.Swept
	s.Names = append(s.Names, c.NewNames...)
	for name, text := range c.Catalog {
		if s.Catalog == nil {
			s.Catalog = map[string]string{}
		}
		if s.Catalog[name] = text; text == "" {
			delete(s.Catalog, name)
		}
	}
	for _, w := range c.Profiles {
		if k.blobs[w.Profile] = w.Whole(); w.Gone {
			delete(k.blobs, w.Profile)
		}
	}
	return nil
}

// erasures drives a shard that is opened anew for every step.
type erasures struct {
	t    *testing.T
	set  *rules.Set
	port *keptPort
}

func newErasures(t *testing.T) *erasures {
	t.Helper()
	set, err := rules.Compile([]rules.Segment{
		rules.NewSegment("all", "true"), rules.NewSegment("buyers", `count(events("Bought", "7d")) >= 1`),
		rules.NewSegment("steady", `held(traits.vip == true, "1d")`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &erasures{t, set, &keptPort{State{Next: -1}, map[string]string{}, Commit{}}}
}

func (e *erasures) step(do func(d *Driver) error) *Commit {
	e.t.Helper()
	d := NewDriver(e.set, Default(), e.port.state, e.port)
	if err := do(d); err != nil {
		e.t.Fatal(err)
	}
	if err := d.Commit(e.t.Context(), max(0, e.port.state.Next)+1); err != nil {
		e.t.Fatal(err)
	}
	return &e.port.last
}

func (e *erasures) bought(id string, at int64) (changes []Change, outcome profile.Outcome) {
	e.t.Helper()
	c := e.step(func(d *Driver) (err error) {
		outcome, err = d.Apply(e.t.Context(), &event.Event{Type: event.Track, Profile: id, Name: "Bought", Time: at, Arrival: at})
		return err
	})
	return c.Changes, outcome
}

func (e *erasures) erase(id, request string, at, until int64) *Commit {
	e.t.Helper()
	return e.step(func(d *Driver) error {
		refusal, err := d.Direct(e.t.Context(), &directive.Directive{Kind: directive.Erase, Run: request, Profile: id, Until: until}, at)
		if refusal != "" {
			e.t.Errorf("refused: %s", refusal)
		}
		return err
	})
}

// An erased profile leaves its segments in order of their ids and is gone; its
// events are passed over up to an instant; then it is a new one whose versions
// go on.
func TestErase(t *testing.T) {
	e := newErasures(t)
	e.bought("ann", 1000)
	e.bought("bob", 1000)
	c := e.erase("ann", "one", 2000, 5000)
	want := []Change{
		{Segment: "all", Profile: "ann", At: 2000, Version: 3, Cause: CauseErased},
		{Segment: "buyers", Profile: "ann", At: 2000, Version: 4, Cause: CauseErased},
	}
	if !slices.Equal(c.Changes, want) || len(c.Profiles) != 1 || !c.Profiles[0].Gone || !c.Profiles[0].Timer {
		t.Errorf("changes %+v and profiles %+v", c.Changes, c.Profiles)
	}
	name := ErasedName("ann")
	if len(c.Erased) != 1 || c.Erased[0] != (Erased{name, "one", 2000, 4}) || e.port.state.Catalog[name] != "5000 4 2000 one" {
		t.Errorf("told %+v, kept %q", c.Erased, e.port.state.Catalog)
	}
	if got := slices.Collect(maps.Keys(e.port.blobs)); !slices.Equal(got, []string{"bob"}) {
		t.Errorf("profiles %q are left", got)
	}
	for _, at := range []int64{1500, 4999} { // a late one, and the last that is passed over
		if changes, outcome := e.bought("ann", at); outcome != profile.Suppressed || len(changes) > 0 || len(e.port.blobs) != 1 {
			t.Errorf("at %d: outcome %d, changes %+v", at, outcome, changes)
		}
	}
	if c := e.erase("ann", "one", 4999, 9000); len(c.Changes)+len(c.Erased) > 0 {
		t.Errorf("the same request again: %+v", c)
	}
	changes, outcome := e.bought("ann", 5000)
	if outcome != profile.Applied || len(changes) != 2 || changes[0].Version != 5 || !changes[0].Entered {
		t.Errorf("outcome %d, changes %+v", outcome, changes)
	}
	if c := e.erase("ann", "two", 6000, 6500); len(c.Changes) != 2 || c.Changes[1].Version != 8 || e.port.state.Catalog[name] != "6500 8 6000 two" {
		t.Errorf("again: %+v, kept %q", c.Changes, e.port.state.Catalog)
	}
}

// A later request never shortens what an earlier one has said, also of who has
// no profile.
func TestErasureIsNotShortened(t *testing.T) {
	e := newErasures(t)
	e.erase("ann", "one", 1000, 9000)
	e.erase("ann", "two", 2000, 3000)
	if _, outcome := e.bought("ann", 8999); outcome != profile.Suppressed {
		t.Errorf("outcome %d", outcome)
	}
}

// What a backfill knows of an erased profile is passed over, also when the
// profile has come back.
func TestErasedProfilesTakeNoPatches(t *testing.T) {
	e := newErasures(t)
	e.erase("ann", "one", 1000, 3000)
	past, err := NewPast(e.set, profile.Default(), []string{"buyers"})
	if err != nil {
		t.Fatal(err)
	}
	past.Begin("ann", 2000)
	if _, err := past.Take(&event.Event{Type: event.Track, Profile: "ann", Name: "Bought", Time: 500, Arrival: 500}); err != nil {
		t.Fatal(err)
	}
	patch, _ := past.Patch("run")
	give := func(d directive.Directive, at int64) *Commit {
		return e.step(func(driver *Driver) error {
			refusal, err := driver.Direct(t.Context(), &d, at)
			if refusal != "" || driver.shard.passedOver != (d.Kind == directive.Patch) {
				t.Errorf("refused with %q, passed over %t", refusal, driver.shard.passedOver)
			}
			return err
		})
	}
	give(directive.Directive{Kind: directive.Open, Run: "run", Series: past.Series()}, 2000)
	if c := give(patch, 2500); len(c.Changes)+len(c.Profiles) > 0 {
		t.Errorf("%+v", c)
	}
	e.bought("ann", 4000)
	if c := give(patch, 4500); len(c.Changes)+len(c.Profiles) > 0 {
		t.Errorf("when it is back: %+v", c)
	}
}

// Past the bound the erasure goes that is first not to suppress any more.
func TestErasuresAreBounded(t *testing.T) {
	e := newErasures(t)
	e.port.state.Catalog = map[string]string{}
	for i := range keptErasures {
		e.port.state.Catalog[ErasedName(fmt.Sprint(i))] = erasure{until: int64(10_000 + i), at: 1, request: "r"}.text()
	}
	e.erase("ann", "one", 2, 5)
	if _, stays := e.port.state.Catalog[ErasedName("0")]; stays {
		t.Error("the first to end has stayed")
	}
	for _, id := range []string{"1", "ann"} {
		if _, stays := e.port.state.Catalog[ErasedName(id)]; !stays {
			t.Errorf("that of %s is gone", id)
		}
	}
}

// FuzzReadErasure: what is stored reads back, and what is damaged is none.
func FuzzReadErasure(f *testing.F) {
	f.Add("5000 4 2000 one")
	f.Add("-1 0 0 a b")
	f.Add("10 5 0")
	f.Fuzz(func(t *testing.T, text string) {
		e, ok := readErasure(text)
		if !ok {
			return
		}
		if again, ok := readErasure(e.text()); !ok || again != e {
			t.Errorf("%q reads as %+v and back as %+v", text, e, again)
		}
	})
}
