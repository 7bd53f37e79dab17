package publication

import (
	"errors"
	"math"
	"testing"

	"muster/directive"
)

// TestGiveUp: a run that is given up leaves no seam open, says that nothing
// more is known, and is not gone on with.
func TestGiveUp(t *testing.T) {
	f, s := newFake(shards), source(t, archived(t, 20), t.TempDir())
	f.at = func(_ int, what string) error {
		if what == "given" && f.logs[0][len(f.logs[0])-1].Kind == directive.Patch {
			return errKilled
		}
		return nil
	}
	p, err := New(f.target(), s, quick())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Run(t.Context()); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	f.at = nil
	for range 2 { // the second time there is nothing left to do
		if err := GiveUp(t.Context(), f.target(), s.Config.Dir, p.ID()); err != nil {
			t.Fatal(err)
		}
	}
	f.turn = 1000
	f.apply()
	first := p.state.Run
	for shard, log := range f.logs {
		if seam := f.seams[shard][first]; !seam.Closed {
			t.Errorf("shard %d has a seam that is open", shard)
		}
		last := log[len(log)-1]
		if last.Kind != directive.Close || last.Since != math.MaxInt64 {
			t.Errorf("the last directive of shard %d is %+v", shard, last)
		}
		if log[len(log)-2].Kind == directive.Close {
			t.Errorf("shard %d was told twice", shard)
		}
	}
	f.turn = 3
	report, err := run(t, f, s, quick())
	if err != nil || report.Run == first || report.Before {
		t.Errorf("started again: %+v, %v", report, err)
	}
	if err := GiveUp(t.Context(), f.target(), s.Config.Dir, p.ID()); err != nil || f.logs[0][len(f.logs[0])-1].Since == math.MaxInt64 {
		t.Errorf("one that has ended was given up: %v", err)
	}
}
