package history

import (
	"errors"
	"strings"
	"testing"

	"muster/history/account"
)

// What was read counts in every attempt, what was kept once, and what was
// there is saved, at the rate of who made it.
func TestWhatARequestCosts(t *testing.T) {
	s := randomShop(t, 5, 300, 3)
	dir, earlier := t.TempDir(), account.Account{}
	run := func(stopAt string) (*Report, error) {
		b, err := New(s.request(t, s.end), config(dir, 1))
		if err != nil {
			t.Fatal(err)
		}
		b.Earlier(earlier)
		b.work.written = func(path string) error {
			if stopAt != "" && strings.Contains(path, stopAt) {
				return errKilled
			}
			return nil
		}
		report, err := b.Run(t.Context())
		earlier = earlier.Add(b.Account())
		return report, err
	}
	if _, err := run("/runs/"); !errors.Is(err, errKilled) { // behind the first object
		t.Fatal(err)
	}
	report, err := run("")
	if err != nil {
		t.Fatal(err)
	}
	a, objects := report.Account, int64(report.Archive.Chosen.Objects)
	if a.Attempts != 2 || a.Scanned.Objects != objects || a.Scanned.Bytes != report.Archive.Chosen.Bytes || a.Scanned.Events != report.Summary.Events {
		t.Errorf("scanned %+v of %+v", a, report.Archive.Chosen)
	}
	if a.Billable.Objects != objects-1 || a.Cached.Objects != 1 || report.Savings.Objects != 1 || report.Savings.Seconds <= 0 {
		t.Errorf("%+v, %+v", a, report.Savings)
	}
	for _, stage := range []Stage{StageIndex, StageEvaluate, StageGather} {
		if one := a.Stage(stage.String()); one.Seconds <= 0 || one.Tasks == 0 || one.P50 <= 0 || one.Max < one.P50 {
			t.Errorf("%+v", one)
		}
	}
	first := report
	earlier = account.Account{}
	if report, err = run(""); err != nil {
		t.Fatal(err)
	}
	if report.Account.Scanned != (account.Volume{}) || report.Account.Cached.Bytes != first.Account.Scanned.Bytes || report.Savings.Slices != sliceCount {
		t.Errorf("%+v, %+v", report.Account, report.Savings)
	}
	// The first call has left the rate for the second, though the second read
	// nothing that it could be told of.
	least := first.Account.Stage(StageIndex.String()).Seconds + first.Account.Stage(StageEvaluate.String()).Seconds
	if got := float64(report.Savings.Seconds); got < 0.5*least || got > 2*least {
		t.Errorf("saved %g seconds, and it took %g", got, least)
	}
}
