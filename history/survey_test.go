package history

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A survey follows tasks from what they leave behind: those that are done, and
// what others say who are at work.
func TestSurvey(t *testing.T) {
	s := randomShop(t, 12, 60, 4)
	dir := t.TempDir()
	b := machine(t, s.request(t, s.end), dir)
	survey, err := b.Survey()
	if err != nil {
		t.Fatal(err)
	}
	expect := func(what string, stage Stage, is func(p Progress) bool) {
		t.Helper()
		if p, err := survey.Look(time.Now()); err != nil || p.Stage != stage || !is(p) {
			t.Fatalf("%s: %+v, %v", what, p, err)
		}
	}
	nothing := func(p Progress) bool { return p == Progress{} }
	expect("nothing is there", StagePlan, nothing)
	p, err := b.Plan(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	all := p.Archive.Chosen
	expect("it is planned", StageIndex, func(p Progress) bool {
		return p.Bytes == 0 && p.AllBytes == all.Bytes && p.AllObjects == int64(all.Objects)
	})
	do := func(task Task) {
		t.Helper()
		if err := machine(t, s.request(t, s.end), dir).Do(t.Context(), task); err != nil {
			t.Fatal(err)
		}
	}
	do(Task{Stage: StageIndex, Index: 1})
	expect("a task is done", StageIndex, func(now Progress) bool {
		return now.Bytes == p.Index[1].Bytes && now.Objects == int64(p.Index[1].Objects)
	})
	surveyLeased(t, s, dir, p, expect)
	do(Task{Stage: StageIndex, Index: 0})
	do(Task{Stage: StageIndex, Index: 2})
	expect("all is indexed", StageFold, func(p Progress) bool { return p.Bytes == all.Bytes })
	for i := range p.Fold {
		do(Task{Stage: StageFold, Index: i})
	}
	do(Task{Stage: StageEvaluate, Index: 0})
	expect("a task is evaluated", StageEvaluate, func(now Progress) bool {
		return now.Slices == int64(p.Evaluate[0].End) && now.AllSlices == sliceCount
	})
	do(Task{Stage: StageEvaluate, Index: 1})
	do(Task{Stage: StageEvaluate, Index: 2})
	expect("all is evaluated", StageGather, func(p Progress) bool { return p.Slices == sliceCount })
	report, err := machine(t, s.request(t, s.end), dir).Gather(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	expect("it is done", StageGather, func(p Progress) bool { return p.Bytes == all.Bytes })

	// The next time nothing counts of what had ended.
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(filepath.Join(report.Folder, "report.json"), later, later); err != nil {
		t.Fatal(err)
	}
	if survey, err = b.Survey(); err != nil {
		t.Fatal(err)
	}
	expect("it is asked for again", StagePlan, nothing)
}

// surveyLeased looks while a task is done that leaves nothing behind.
func surveyLeased(t *testing.T, s *shop, dir string, p *Plan, expect func(string, Stage, func(Progress) bool)) {
	t.Helper()
	at := machine(t, s.request(t, s.end), dir)
	at.progress.bytes.Store(p.Index[2].Bytes - 1)
	stop := errors.New("stop")
	err := at.Leased(Task{Stage: StageIndex, Index: 2}, func() error {
		expect("a task is being done", StageIndex, func(now Progress) bool { return now.Bytes == p.Index[1].Bytes+p.Index[2].Bytes-1 })
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	expect("it was given up", StageIndex, func(now Progress) bool { return now.Bytes == p.Index[1].Bytes })
}
