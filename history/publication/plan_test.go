package publication

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"muster/history"
	"muster/history/archive"
	"muster/history/files"
	"muster/test/kit/s3"
)

// Tasks on machines that have only the plan make what a publication reads, in a
// folder as in a bucket: the shards then get what they get without tasks, and
// nothing is read or made again.
func TestTasksMakeThePatches(t *testing.T) {
	folder, alone := archived(t, 60), newFake(shards)
	want, err := run(t, alone, source(t, folder, t.TempDir()), quick())
	if err != nil {
		t.Fatal(err)
	}
	server := s3.Start(t)
	s3.SignIn(t, s3.Access, s3.Secret)
	s3.Make(t, server, "state")
	reach := history.Reach{Archive: archive.Default()}
	reach.Archive.Endpoint, reach.Archive.PathStyle = server.Endpoint(), true
	for _, work := range []string{t.TempDir(), "s3://state/work"} {
		f := newFake(shards)
		reach.Sharding = func(name string, n int) (func(string) int, error) {
			if own := f.target(); name != own.Sharding || n != own.Count {
				return nil, fmt.Errorf("%q of %d shards", name, n)
			}
			return f.target().Shard, nil
		}
		s := source(t, folder, work)
		s.Request.Archive = archive.Default()
		s.Request.Archive.Location, s.Request.Archive.Match = folder, "{yyyy}-{mm}-{dd}.json"
		if files.IsBucket(work) {
			if s.Config.Files, err = files.OpenBucket(t.Context(), work, reach.Archive); err != nil {
				t.Fatal(err)
			}
		}
		first, err := New(f.target(), s, quick())
		if err != nil {
			t.Fatal(err)
		}
		outline, err := first.Outline(t.Context(), 2)
		if err != nil {
			t.Fatal(err)
		}
		if f.step != 0 || outline.Run != "" || outline.Archive.Chosen.Objects != 3 || outline.Sample.Estimate.ManyProfiles != 60 || !slices.Equal(outline.Segments, want.Segments) {
			t.Errorf("after %d steps %+v", f.step, outline)
		}
		b, plan, err := first.Plan(t.Context(), 3)
		if err != nil {
			t.Fatal(err)
		}
		drawn := func(want string) {
			t.Helper()
			if o, err := b.PatchOutline(t.Context()); err != nil || !strings.Contains(o.Mermaid(), want) {
				t.Errorf("%+v, %v; want %q", o, err, want)
			}
		}
		drawn("128 files of patches<br/>missing")
		perform(t, b.PlanFile(), plan, reach)
		drawn("128 files of patches<br/>found")
		if _, err := b.Gather(t.Context()); !errors.Is(err, history.ErrPatches) {
			t.Error(err)
		}
		got, err := run(t, f, s, quick())
		if err != nil {
			t.Fatal(err)
		}
		if of := got.History; of.Read.Objects != 0 || of.Slices != 0 || of.Rows != 0 || of.Saved.Objects != 3 || of.Listed {
			t.Errorf("it has read %+v", of)
		}
		for shard := range shards {
			if a, b := logOf(alone, shard, want.Run), logOf(f, shard, got.Run); !slices.Equal(a, b) {
				t.Errorf("shard %d got %q, and with tasks %q", shard, a, b)
			}
			if !slices.Equal(alone.given(shard, want.Run), f.given(shard, got.Run)) {
				t.Errorf("shard %d was given other patches", shard)
			}
		}
		if ended, err := New(f.target(), s, quick()); err != nil {
			t.Fatal(err)
		} else if _, _, err := ended.Plan(t.Context(), 3); !errors.Is(err, ErrEnded) {
			t.Error(err)
		}
	}
}

// perform does all tasks of a plan, each as another machine does.
func perform(t *testing.T, file string, plan *history.Plan, reach history.Reach) {
	t.Helper()
	if _, err := history.Resume(t.Context(), file, 1); !files.IsBucket(file) && !errors.Is(err, history.ErrOther) {
		t.Errorf("without a sharding: %v", err)
	}
	for _, stage := range []history.Stage{history.StageIndex, history.StageFold, history.StageEvaluate} {
		var group sync.WaitGroup
		for i := range plan.Tasks(stage) {
			group.Go(func() {
				b, err := history.ResumeBy(t.Context(), file, 1, reach)
				if err == nil {
					err = b.Do(t.Context(), history.Task{Stage: stage, Index: i})
				}
				if err != nil {
					t.Errorf("%s task %d: %v", stage, i, err)
				}
			})
		}
		group.Wait()
	}
}

// Two processes that begin a publication at the same time in a bucket bring
// history by one run.
func TestTwoBeginInABucket(t *testing.T) {
	server := s3.Start(t)
	s3.SignIn(t, s3.Access, s3.Secret)
	s3.Make(t, server, "state")
	reach := archive.Default()
	reach.Endpoint, reach.PathStyle = server.Endpoint(), true
	s := source(t, archived(t, 5), "s3://state/w")
	var err error
	if s.Config.Files, err = files.OpenBucket(t.Context(), "s3://state/w", reach); err != nil {
		t.Fatal(err)
	}
	f := newFake(shards)
	a, err := New(f.target(), s, quick())
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(f.target(), s, quick())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(a.anew(context.Background(), true), b.anew(context.Background(), true)); err != nil {
		t.Fatal(err)
	}
	if a.state.Run != b.state.Run || a.state.Run == "" {
		t.Errorf("runs %q and %q", a.state.Run, b.state.Run)
	}
}
