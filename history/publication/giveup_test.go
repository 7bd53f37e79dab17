package publication

import (
	"errors"
	"testing"

	"muster/directive"
)

// killedWhileGiving is a publication whose process was killed when it had given
// the first patch of a shard.
func killedWhileGiving(t *testing.T) (*fake, Source, *Publication) {
	t.Helper()
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
	return f, s, p
}

// TestGiveUp: a run that is given up leaves no seam open, says that nothing
// more is known, and is not gone on with.
func TestGiveUp(t *testing.T) {
	f, s, p := killedWhileGiving(t)
	f.at = nil
	for range 2 { // the second time there is nothing left to do
		if err := GiveUp(t.Context(), f.target(), &s.Config, p.ID()); err != nil {
			t.Fatal(err)
		}
	}
	f.turn = 1000
	f.apply()
	first := p.state.Run
	for shard, log := range f.logs {
		if seam := f.seams[shard][first]; !seam.GivenUp {
			t.Errorf("shard %d has a seam that is open", shard)
		}
		last := log[len(log)-1]
		if last.Kind != directive.GiveUp {
			t.Errorf("the last directive of shard %d is %+v", shard, last)
		}
		if log[len(log)-2].Kind == directive.GiveUp {
			t.Errorf("shard %d was told twice", shard)
		}
	}
	f.turn = 3
	report, err := run(t, f, s, quick())
	if err != nil || report.Run == first || report.Before {
		t.Errorf("started again: %+v, %v", report, err)
	}
	if err := GiveUp(t.Context(), f.target(), &s.Config, p.ID()); err != nil || f.logs[0][len(f.logs[0])-1].Kind == directive.GiveUp {
		t.Errorf("one that has ended was given up: %v", err)
	}
}

// TestGiveUpAfterLostWrites: a seam that Redis has lost, when it came back older,
// is given up as well when the shard has read its log again; one that is gone for
// good keeps no other open; and nothing of that is a dead letter.
func TestGiveUpAfterLostWrites(t *testing.T) {
	f, s, p := killedWhileGiving(t)
	f.at, f.turn = nil, 1000
	f.apply()
	const older, gone = 1, 2
	f.loseWrites(older)
	delete(f.seams[gone], p.state.Run)
	if err := GiveUp(t.Context(), f.target(), &s.Config, p.ID()); err != nil {
		t.Fatal(err)
	}
	f.apply()
	for shard := range f.logs {
		if seam, known := f.seams[shard][p.state.Run]; known != (shard != gone) || known && !seam.GivenUp {
			t.Errorf("shard %d has the seam %+v, %v", shard, seam, known)
		}
	}
	if f.dead != 0 {
		t.Errorf("%d dead letters", f.dead)
	}
}
