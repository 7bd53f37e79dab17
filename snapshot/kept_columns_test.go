package snapshot

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"muster/profile"
	people "muster/test/kit/crowd"
)

// TestKeptColumns are made again where profiles are newer by more than the
// staleness, or other traits are asked for, and else the same. They are dropped
// where the profiles are others.
func TestKeptColumns(t *testing.T) {
	crowd := func(profiles int) *Snapshot {
		s, err := Fill(t.Context(), &people.Crowd{Profiles: profiles, Segments: []string{"even"}, Join: func(i int, m *profile.Members) { m.Set(0, i%2 == 0) },
			Traits: func(i int) map[string]any { return map[string]any{"third": i%3 == 0} }}, Default(), func(int64) {})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	var fresh atomic.Pointer[Fresh]
	kept := NewKeptColumns(fresh.Load, Config{Memory: 64 << 20, Staleness: 5 * time.Second})
	if _, _, err := kept.Columns(t.Context(), Wanted{}); !errors.As(err, new(NotFilledError)) {
		t.Errorf("before profiles are read it returns %v", err)
	}
	began, s := time.Now(), crowd(100)
	rule, err := OfRule("traits.third == true", nil)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(of *Snapshot, behind time.Duration, w Wanted, held, even int64, asOf time.Duration) *Columns {
		t.Helper()
		fresh.Store(&Fresh{of, began.Add(behind)})
		columns, at, err := kept.Columns(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		members, known := columns.Members("even")
		if columns.Held() != held || !known || members.Len() != even || at.Sub(began) != asOf || len(columns.Traits()) != len(w.Traits) || len(columns.Rules()) != len(w.Rules) {
			t.Errorf("%d are held, %d even, as of %s; want %d, %d and %s", columns.Held(), members.Len(), at.Sub(began), held, even, asOf)
		}
		return columns
	}
	ask(s, 0, Wanted{}, 100, 50, 0)
	ask(s, time.Hour, Wanted{}, 100, 50, time.Hour) // the same profiles
	more := crowd(200)
	ask(more, time.Hour+5*time.Second, Wanted{}, 100, 50, time.Hour)
	with := ask(more, time.Hour+5*time.Second, Wanted{Traits: []string{"third"}, Rules: []*Question{rule}}, 200, 100, time.Hour+5*time.Second)
	if counts := with.Traits()[0].Count(with.Rules()[0]); slices.Max(counts) != 67 || with.Rules()[0].Len() != 67 {
		t.Errorf("of the rule's %d there are %v with each value", with.Rules()[0].Len(), counts)
	}
	ask(more, time.Hour+5*time.Second, Wanted{Traits: []string{"third"}}, 200, 100, time.Hour+5*time.Second)
	ask(s, 2*time.Hour, Wanted{Traits: []string{"third"}}, 100, 50, 2*time.Hour)

	last := ask(more, 3*time.Hour, Wanted{}, 200, 100, 3*time.Hour)
	kept.drop(last) // not what is kept, but a copy with the rules
	kept.drop(kept.columns)
	if kept.columns == nil {
		t.Error("columns are dropped that are as new as the profiles")
	}
	fresh.Store(&Fresh{s, began.Add(3 * time.Hour)})
	kept.drop(kept.columns)
	if kept.columns != nil || kept.of != nil {
		t.Error("profiles that are there no more stay in memory")
	}
	ask(s, 3*time.Hour, Wanted{}, 100, 50, 3*time.Hour)
}
