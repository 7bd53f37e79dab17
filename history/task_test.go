package history

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/history/sorted"
)

// machine returns a backfill of a request as another machine has it: of its own
// memory, and with a worker.
func machine(t *testing.T, r *Request, dir string) *Backfill {
	t.Helper()
	c := config(dir, 1)
	c.MaxRuns = 8
	b, err := New(r, c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// stages are those that have any number of tasks.
var stages = []Stage{StageIndex, StageFold, StageEvaluate}

// The same request by a pool of workers and by tasks gives the same bytes:
// whatever the number of tasks, in any order, twice, and at the same time.
func TestTasksGiveTheSameBytes(t *testing.T) {
	s := randomShop(t, 11, 200, 4)
	whole := backfill(t, s.request(t, s.end), config(t.TempDir(), 4))
	sameFiles(t, whole.Folder, backfill(t, s.request(t, s.end), config(t.TempDir(), 1)).Folder)
	r := rand.New(rand.NewPCG(11, 11))
	for _, tasks := range []int{5, 150} {
		dir := t.TempDir()
		p, err := machine(t, s.request(t, s.end), dir).Plan(t.Context(), tasks)
		if err != nil {
			t.Fatal(err)
		}
		for _, stage := range stages {
			if n := p.Tasks(stage); n < 1 || n > tasks {
				t.Fatalf("%d tasks of %s", n, stage)
			}
			together(t, r.Perm(5), func(i int) error { // some as pieces before
				task := Task{Stage: stage, Piece: i, Pieces: 5}
				return machine(t, s.request(t, s.end), dir).Do(t.Context(), task)
			})
			order := append(r.Perm(p.Tasks(stage)), r.Perm(p.Tasks(stage))...)
			together(t, order, func(i int) error {
				return machine(t, s.request(t, s.end), dir).Do(t.Context(), Task{Stage: stage, Index: i})
			})
		}
		together(t, []int{0, 0}, func(int) error {
			_, err := machine(t, s.request(t, s.end), dir).Gather(t.Context())
			return err
		})
		report, err := machine(t, s.request(t, s.end), dir).Gather(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sameFiles(t, whole.Folder, report.Folder)
		if parts, _ := filepath.Glob(filepath.Join(dir, "*/*/*.part")); len(parts) > 0 {
			t.Errorf("left behind: %q", parts)
		}
	}
}

// together does tasks in an order, three at a time.
func together(t *testing.T, order []int, do func(i int) error) {
	t.Helper()
	var group sync.WaitGroup
	next, errs := make(chan int), make([]error, 3)
	for i := range errs {
		group.Go(func() {
			for task := range next {
				errs[i] = errors.Join(errs[i], do(task))
			}
		})
	}
	for _, task := range order {
		next <- task
	}
	close(next)
	if group.Wait(); errors.Join(errs...) != nil {
		t.Fatal(errors.Join(errs...))
	}
}

// Each task is killed after every file that it makes and done again, on another
// machine: what is there is not made again, and a task that was done makes
// nothing.
func TestTasksKilledAfterEachFile(t *testing.T) {
	s := few(t)
	for day := 3; day < 13; day++ {
		putObject(t, s.folder, dayObject(day), []string{order("x", day), page("y", day)})
	}
	s.end += 30 * millisPerDay
	whole := backfill(t, s.request(t, s.end), config(t.TempDir(), 2))
	dir, made := t.TempDir(), map[string]int{}
	p, err := machine(t, s.request(t, s.end), dir).Plan(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range stages {
		for i := range p.Tasks(stage) {
			for ended := false; !ended; {
				b := machine(t, s.request(t, s.end), dir)
				b.work.written = func(path string) error {
					if made[path]++; made[path] == 1 {
						return errKilled
					}
					return nil
				}
				err := b.Do(t.Context(), Task{Stage: stage, Index: i})
				if ended = err == nil; !ended && !errors.Is(err, errKilled) {
					t.Fatal(err)
				}
			}
		}
	}
	for path, n := range made {
		if n > 1 && !strings.Contains(path, "projections") {
			t.Errorf("%s was made %d times", path, n)
		}
	}
	if len(made) < sliceCount+12 {
		t.Errorf("only %d files were made", len(made))
	}
	report, err := machine(t, s.request(t, s.end), dir).Gather(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sameFiles(t, whole.Folder, report.Folder)
}

// A sample says how many tasks there are, of a listing that the plan goes on with; the
// shorter they are to be, the more.
func TestASampleSizesTheTasks(t *testing.T) {
	s, dir, calls, last := randomShop(t, 12, 300, 4), t.TempDir(), 0, 0
	for _, each := range []time.Duration{time.Hour, 10 * time.Microsecond, time.Nanosecond} {
		r := s.request(t, s.end)
		r.Bucket = after{r.Bucket, func() { calls++ }}
		b, err := New(r, config(dir, 1))
		if err != nil {
			t.Fatal(err)
		}
		tasks, sample, err := b.Size(t.Context(), each, 2)
		if err != nil {
			t.Fatal(err)
		}
		if sample.Objects != 2 || tasks <= last && tasks < MaxTasks || each == time.Hour && tasks != 1 || each == time.Nanosecond && tasks != MaxTasks {
			t.Errorf("for tasks of %s there are %d, by %+v", each, tasks, sample)
		}
		last = tasks
		p, err := b.Plan(t.Context(), tasks)
		if err != nil {
			t.Fatal(err)
		}
		if n := p.Tasks(StageEvaluate); n != min(tasks, sorted.VirtualShards) || n > sliceCount && p.Width != 1 {
			t.Errorf("%d tasks are cut to %d, in slices of %d", tasks, n, p.Width)
		}
	}
	if calls != 1 {
		t.Errorf("the archive was listed %d times", calls)
	}
}

func dayObject(day int) string { return objectOf(int64(20_400+day)*millisPerDay, 0) }

// Stages follow each other, and a task must be one that was planned.
func TestTasksBeforeTheirTime(t *testing.T) {
	s, dir := few(t), t.TempDir()
	do := func(stage Stage, i int) error {
		return machine(t, s.request(t, s.end), dir).Do(t.Context(), Task{Stage: stage, Index: i})
	}
	if err := do(StageIndex, 0); err == nil || !strings.Contains(err.Error(), "reading the plan") {
		t.Error(err)
	}
	if _, err := machine(t, s.request(t, s.end), dir).Plan(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if err := do(StageEvaluate, 0); err == nil || !strings.Contains(err.Error(), "index task 0 of 2 is not done") {
		t.Error(err)
	}
	if err := do(StageIndex, 2); err == nil || !strings.Contains(err.Error(), "no index task 2: the plan has 2") {
		t.Error(err)
	}
	if err := errors.Join(do(StageIndex, 0), do(StageIndex, 1), do(StageEvaluate, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := machine(t, s.request(t, s.end), dir).Gather(t.Context()); err == nil || !strings.Contains(err.Error(), "64 of 128 slices are missing") {
		t.Error(err)
	}
	if _, err := machine(t, s.request(t, s.end), dir).Plan(t.Context(), MaxTasks+1); err == nil {
		t.Error("any number of tasks will do")
	}
}

// No task but the plan lists the archive, and each index task reads its own
// objects alone.
func TestOnlyThePlanLists(t *testing.T) {
	s, dir := few(t), t.TempDir()
	listings := 0
	request := func() *Request {
		r := s.request(t, s.end)
		r.Bucket = after{r.Bucket, func() { listings++ }}
		return r
	}
	p, err := machine(t, request(), dir).Plan(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range stages {
		for i := range p.Tasks(stage) {
			b := machine(t, request(), dir)
			if err := b.Do(t.Context(), Task{Stage: stage, Index: i}); err != nil {
				t.Fatal(err)
			}
			if stage == StageIndex && b.report.Read.Objects != 1 {
				t.Errorf("task %d read %d objects", i, b.report.Read.Objects)
			}
		}
	}
	if _, err := machine(t, request(), dir).Gather(t.Context()); err != nil || listings != 1 {
		t.Errorf("%d listings, %v", listings, err)
	}
}

// Parts take about equally long, have all objects, and none has nothing.
func TestPartsAreOfEqualBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	x := &index{}
	for range 200 {
		l := &Listing{}
		largest := int64(0)
		for range 1 + r.IntN(300) {
			size := int64(r.ExpFloat64() * 1e6)
			largest = max(largest, size+objectCost)
			one := item{at: l.length}
			one.Size = size
			l.items, l.length = append(l.items, one), l.length+100
			l.Chosen.add(one.Object)
		}
		tasks := 1 + r.IntN(40)
		parts := x.cut(l, tasks)
		if len(parts) != min(tasks, len(l.items)) {
			t.Fatalf("%d parts of %d objects for %d tasks", len(parts), len(l.items), tasks)
		}
		at, objects := int64(0), 0
		share := (l.Chosen.Bytes + int64(len(l.items))*objectCost) / int64(len(parts))
		for i, p := range parts {
			if p.From != at || p.Objects < 1 {
				t.Fatalf("part %d: %+v", i, p)
			}
			at, objects = p.To, objects+p.Objects
			if cost := p.Bytes + int64(p.Objects)*objectCost; cost > share+2*largest {
				t.Errorf("part %d has %d of %d", i, cost, share)
			}
		}
		if at != l.length || objects != len(l.items) {
			t.Fatalf("parts end at %d of %d, with %d of %d objects", at, l.length, objects, len(l.items))
		}
	}
	for tasks, want := range map[int]int{1: 1, 128: 128, 129: 129, 1000: 1000, 10_000: 1024} {
		of := widthFor(1, tasks)
		spans := cutSlices(tasks, of)
		last := 0
		for _, s := range spans {
			if s.First != last || s.End <= s.First {
				t.Errorf("of %d tasks one is of %v", tasks, s)
			}
			last = s.End
		}
		if len(spans) != want || of.first(last) != sorted.VirtualShards {
			t.Errorf("%d tasks are %d, up to %d", tasks, len(spans), of.first(last))
		}
	}
	if a, b := widthFor(wideBytes, 1), widthFor(wideBytes+1, 1); a != 8 || b != 1 {
		t.Errorf("slices of %d and of %d", a, b)
	}
}
