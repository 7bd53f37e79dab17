package soak

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"muster/event"
	"muster/test/kit/oracle"
)

func TestSameSeedSameCase(t *testing.T) {
	if !reflect.DeepEqual(Draw(7), Draw(7)) {
		t.Error("a seed gave two cases")
	}
	stored, sampled, around, backwards := 0, 0, 0, 0
	for seed := range uint64(40) {
		c := Draw(seed)
		if c.Stored {
			stored++
		}
		if c.Sampled {
			sampled++
		}
		if c.Around {
			around++
		}
		for _, u := range c.Rules {
			for _, other := range c.Rules {
				if other.ID > u.ID && strings.Contains(u.Text, `segment("`+other.ID) {
					backwards++
				}
			}
		}
	}
	if stored == 0 || stored == 40 || sampled == 0 || around == 0 || around > 20 || backwards == 0 {
		t.Errorf("of 40 cases %d are stored, %d sampled, %d asked around; %d rules mention a later segment", stored, sampled, around, backwards)
	}
}

// TestWhatIsCounted: asking around is more answers at instants and nothing
// else.
func TestWhatIsCounted(t *testing.T) {
	c := Draw(3)
	c.Around = false
	exact, err := Compare(&c, NewShard)
	if err != nil {
		t.Fatal(err)
	}
	c.Around = true
	around, err := Compare(&c, NewShard)
	if err != nil {
		t.Fatal(err)
	}
	events := int64(0)
	for _, st := range c.Steps {
		if st.Event != nil {
			events++
		}
	}
	if n := int64(len(c.Rules)); exact.AtEvents%n != 0 || exact.AtEvents > events*n || exact.AtEvents < events*n/2 {
		t.Errorf("%d answers at %d events of %d rules", exact.AtEvents, events, n)
	}
	if exact.AtInstants == 0 || around.AtInstants <= exact.AtInstants || around.AtEvents != exact.AtEvents || around.Changes != exact.Changes {
		t.Errorf("exact %+v, around %+v", exact, around)
	}
	if exact.Decisions() != exact.AtEvents {
		t.Errorf("%d decisions in %+v", exact.Decisions(), exact)
	}
}

// wrong is the real engine on rules that mean something else.
func wrong(from, to string) func(*Case) (Engine, error) {
	return func(c *Case) (Engine, error) {
		other := *c
		other.Rules = slices.Clone(c.Rules)
		for i := range other.Rules {
			other.Rules[i].Text = strings.ReplaceAll(other.Rules[i].Text, from, to)
		}
		return NewShard(&other)
	}
}

// TestWhatFailsIsShrunk finds, in random cases, what an engine gets wrong
// that takes <= for <.
func TestWhatFailsIsShrunk(t *testing.T) {
	var failures []error
	config := Config{Decisions: 1 << 40, Seed: 1, Workers: 2, Stop: 1}
	p, err := NewRunner(config, wrong("traits.age <= ", "traits.age < "), func(f error) { failures = append(failures, f) }).Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if p.Mismatches == 0 || len(failures) != p.Mismatches {
		t.Fatalf("%d mismatches, %d reports", p.Mismatches, len(failures))
	}
	var f *Failure
	if !errors.As(failures[0], &f) {
		t.Fatalf("got %v", failures[0])
	}
	t.Log(f)
	lines := strings.Split(strings.TrimSpace(f.Script), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "rule ") || !strings.HasPrefix(lines[1], `event {"type": "identify"`) || lines[2] != "changes" {
		t.Fatalf("not one rule, one event and one change:\n%s", f.Script)
	}
	_, text, _ := strings.Cut(lines[0], ": ")
	if len(text) > len("traits.age <= 16.25") || !strings.HasPrefix(text, "traits.age <= ") {
		t.Errorf("the rule is not as small as it could be: %s", text)
	}
	_, body, _ := strings.Cut(lines[1], `"traits": `)
	if !strings.HasPrefix(body, `{"age": `) || strings.Contains(body, ",") {
		t.Errorf("the event is not as small as it could be: %s", lines[1])
	}
}

// TestShrinkingEnds: what gets smaller with every try, and by one element
// only, stops at the bound.
func TestShrinkingEnds(t *testing.T) {
	tries := 0
	c := Case{Steps: make([]Step, 3*maxTries)}
	least := Shrink(c, func(c *Case) bool {
		tries++
		return len(c.Steps) >= 2*maxTries-tries
	})
	if tries != maxTries || len(least.Steps) >= len(c.Steps) {
		t.Errorf("%d tries leave %d steps of %d", tries, len(least.Steps), len(c.Steps))
	}
}

// broken is an engine that gets lost at its nth step.
type broken struct {
	Engine
	left int
}

func (b *broken) Apply(ev *event.Event) ([]oracle.Change, error) {
	if b.left--; b.left == 0 {
		panic("lost")
	}
	return b.Engine.Apply(ev)
}

func TestAPanicIsAMismatch(t *testing.T) {
	c := Draw(3)
	_, err := Compare(&c, func(c *Case) (Engine, error) {
		working, err := NewShard(c)
		return &broken{working, 5}, err
	})
	var m *Mismatch
	if !errors.As(err, &m) || !errors.Is(m.Reason, errPanic) || !strings.Contains(err.Error(), "lost") {
		t.Errorf("got %v", err)
	}
	_, err = Compare(&c, func(*Case) (Engine, error) { panic("no way") })
	if !errors.As(err, &m) || !strings.Contains(err.Error(), "no way") {
		t.Errorf("got %v", err)
	}
}

// TestScratchIsCompared: memberships that evaluation from scratch denies
// are an error, in memory and as stored.
func TestScratchIsCompared(t *testing.T) {
	for _, stored := range []bool{false, true} {
		c := Case{Rules: []Rule{{"s", `traits.age > 1`}}, Stored: stored, Room: 1 << 20}
		e, err := NewShard(&c)
		if err != nil {
			t.Fatal(err)
		}
		ev := event.Event{Type: event.Identify, Profile: "p", Time: 1, Arrival: 1}
		engine := e.(*shard)
		if _, err := engine.Apply(&ev); err != nil {
			t.Fatal(err)
		}
		engine.driver.Profile("p").Members.Set(0, true)
		if _, err := engine.Apply(&ev); err == nil || !strings.Contains(err.Error(), "from scratch") {
			t.Errorf("stored %t: got %v", stored, err)
		}
	}
}

func TestACaseThatIsNone(t *testing.T) {
	c := Case{Rules: []Rule{{"s", "traits.a >"}}}
	if _, err := Compare(&c, NewShard); err == nil || errors.As(err, new(*Mismatch)) {
		t.Errorf("got %v", err)
	}
}

// TestARunGoesOn: a run from where another was at has the same to say.
func TestARunGoesOn(t *testing.T) {
	report := func(err error) { t.Error(err) }
	first, err := NewRunner(Config{Decisions: 6000, Seed: 5, Workers: 1}, NewShard, report).Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	second, err := NewRunner(Config{Decisions: 6000, Seed: first.Next, Workers: 1}, NewShard, report).Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	whole, err := NewRunner(Config{Decisions: first.Decisions() + second.Decisions(), Seed: 5, Workers: 2}, NewShard, report).Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if first.Next == 5 || first.Before != first.Decisions() || whole.Decisions() < first.Decisions()+second.Decisions() {
		t.Errorf("first %+v, second %+v, whole %+v", first, second, whole)
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if p, err := NewRunner(Config{Decisions: 6000, Seed: 5}, NewShard, report).Run(stopped); err != nil || p.Decisions() != 0 || p.Next != 5 {
		t.Errorf("cancelled, got %+v, %v", p, err)
	}
}

func TestShorter(t *testing.T) {
	got := slices.Collect(shorter(`not (traits.a in [1, 2]) and traits.b`))
	for _, want := range []string{"true and traits.b", "traits.b", "not (traits.a in [1]) and traits.b", "not (traits.a in [1, 2])", "traits.a in [1, 2] and traits.b"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among\n%s", want, strings.Join(got, "\n"))
		}
	}
	for _, text := range got {
		if len(text) >= len(`not (traits.a in [1, 2]) and traits.b`) {
			t.Errorf("%s is not shorter", text)
		}
	}
	if got := slices.Collect(shorter("traits.a >")); got != nil {
		t.Errorf("of no rule: %q", got)
	}
}
