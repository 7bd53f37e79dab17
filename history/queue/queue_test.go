package queue

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/history/archive"
	"muster/history/files"
	"muster/history/lease"
	"muster/history/projection"
	"muster/test/kit/s3"
)

// fast returns the queue of a new work directory, which looks often.
func fast(t *testing.T) *Queue {
	t.Helper()
	q := New(t.TempDir())
	q.beat, q.look = time.Millisecond, time.Millisecond
	return q
}

// everywhere does something with the queue of a new work directory in a folder, and
// with one in a bucket.
func everywhere(t *testing.T, do func(*testing.T, *Queue)) {
	t.Helper()
	t.Run("folder", func(t *testing.T) { do(t, fast(t)) })
	t.Run("bucket", func(t *testing.T) {
		server := s3.Start(t)
		s3.SignIn(t, s3.Access, s3.Secret)
		s3.Make(t, server, "state")
		do(t, far(t, server.Endpoint()))
	})
}

// far returns the queue of a work directory in a bucket, as a process sees it that
// looks often.
func far(t *testing.T, endpoint string, options ...files.Option) *Queue {
	t.Helper()
	c := archive.Default()
	c.Endpoint, c.PathStyle = endpoint, true
	b, err := files.OpenBucket(t.Context(), "s3://state/w", c, options...)
	if err != nil {
		t.Fatal(err)
	}
	q := In("s3://state/w", b.Lasting())
	q.beat, q.look, q.lockPatience = 50*time.Millisecond, 50*time.Millisecond, 20*time.Millisecond
	return q
}

// asked is a request that keeps events of some names.
func asked(id string, names ...string) Asked {
	a := Asked{ID: id, At: time.Unix(1, 0).UTC(), Priority: 50, Reading: "r"}
	for _, name := range names {
		a.Keeps.Streams = append(a.Keeps.Streams, projection.Stream{Name: name})
	}
	return a
}

func take(t *testing.T, q *Queue, a Asked) *Hold {
	t.Helper()
	h, err := q.Take(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func find(t *testing.T, q *Queue, id string) *Entry {
	t.Helper()
	e, err := q.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func nothing() Figures { return Figures{} }
func noTelling(string) {}

// A request has one process at a time, and the other learns which.
func TestOneProcessHasARequest(t *testing.T) { everywhere(t, oneProcessHasARequest) }

func oneProcessHasARequest(t *testing.T, q *Queue) {
	h := take(t, q, asked("ab"))
	_, err := q.Take(t.Context(), asked("ab"))
	var held *HeldError
	if !errors.As(err, &held) || !strings.Contains(err.Error(), "request ab is waiting already, by process ") ||
		!strings.Contains(err.Error(), "evaluator backfill status ab --watch") {
		t.Fatalf("the second has it: %v", err)
	}
	if _, err := h.Await(t.Context(), 1, noTelling); err != nil {
		t.Fatal(err)
	}
	if err := h.Run(t.Context(), nothing, func(context.Context) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if e := find(t, q, "a"); e.State.Phase != Done || e.State.Ended.IsZero() {
		t.Errorf("%+v", e.State)
	}
	later := asked("ab")
	later.At = later.At.Add(time.Hour)
	h = take(t, q, later)
	if e := find(t, q, ""); e.State.Attempt != 1 || !e.At.Equal(later.At) {
		t.Errorf("what was done and is asked for again is as new: %+v", e)
	}
	if err := h.end(nil); err != nil {
		t.Error(err)
	}
}

// What says that it runs, and whose lock nobody has, was interrupted. It keeps
// its place and counts its attempts.
func TestWhoIsGoneWasInterrupted(t *testing.T) {
	q := fast(t)
	h := take(t, q, asked("ab"))
	if _, err := h.Await(t.Context(), 1, noTelling); err != nil {
		t.Fatal(err)
	}
	if e := find(t, q, "ab"); e.State.Phase != Running {
		t.Fatalf("%+v", e.State)
	}
	if err := h.lock.Close(); err != nil { // as the kernel does for a process that ends
		t.Fatal(err)
	}
	if e := find(t, q, "ab"); e.State.Phase != Interrupted {
		t.Fatalf("%+v", e.State)
	}
	again := asked("ab")
	again.At = again.At.Add(time.Hour)
	second := take(t, q, again)
	if e := find(t, q, "ab"); e.State.Phase != Waiting || e.State.Attempt != 2 || e.State.Deaths != 1 || !e.At.Equal(asked("").At) {
		t.Errorf("%+v", e)
	}
	for _, want := range []int{1, 2} { // it is killed while it waits, and then while it runs
		if err := second.lock.Close(); err != nil {
			t.Fatal(err)
		}
		second = take(t, q, again)
		if e := find(t, q, "ab"); e.State.Deaths != want {
			t.Errorf("%d attempts have died of it, want %d", e.State.Deaths, want)
		}
		if _, err := second.Await(t.Context(), 1, noTelling); err != nil {
			t.Fatal(err)
		}
	}
	if err := second.end(context.Canceled); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	defer take(t, q, again).lock.Close()
	if e := find(t, q, "ab"); e.State.Deaths != 0 || e.State.Attempt != 5 {
		t.Errorf("after one that was told to end: %+v", e.State)
	}
}

// How a request ends is written down.
func TestHowARequestEnds(t *testing.T) {
	signalled, stop := context.WithCancel(t.Context())
	stop()
	for id, c := range map[string]struct {
		ctx   context.Context
		err   error
		phase Phase
	}{
		"d": {t.Context(), nil, Done}, "f": {t.Context(), errors.New("the disk is full"), Failed},
		"i": {signalled, context.Canceled, Interrupted},
	} {
		q := fast(t)
		h := take(t, q, asked(id))
		if _, err := h.Await(t.Context(), 1, noTelling); err != nil {
			t.Fatal(err)
		}
		if err := h.Run(c.ctx, nothing, func(context.Context) error { return c.err }); !errors.Is(err, c.err) {
			t.Errorf("%s: %v", id, err)
		}
		e := find(t, q, id)
		if e.State.Phase != c.phase || (e.State.Error != "") != (c.phase == Failed) {
			t.Errorf("%s: %+v", id, e.State)
		}
	}
}

// A file asks a process to stop, while it runs as while it waits.
func TestCancel(t *testing.T) { everywhere(t, cancel) }

func cancel(t *testing.T, q *Queue) {
	running, waiting := take(t, q, asked("r")), take(t, q, asked("w"))
	if _, err := running.Await(t.Context(), 1, noTelling); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 2)
	go func() {
		ended <- running.Run(t.Context(), nothing, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	}()
	go func() { _, err := waiting.Await(t.Context(), 1, noTelling); ended <- err }()
	for _, id := range []string{"w", "r"} {
		if _, err := q.Cancel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !errors.Is(err, ErrCancelled) {
			t.Errorf("%s: %v", id, err)
		}
		if e, err := q.Await(t.Context(), id); err != nil || e.State.Phase != Cancelled {
			t.Errorf("%s: %+v, %v", id, e, err)
		}
		if _, err := q.Cancel(t.Context(), id); err == nil {
			t.Errorf("%s is cancelled twice", id)
		}
	}
	if _, err := q.Cancel(t.Context(), "none"); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	// What asked an earlier process to stop is not meant for the next.
	h := take(t, q, asked("r"))
	if _, err := h.Await(t.Context(), 1, noTelling); err != nil {
		t.Error(err)
	}
	if err := h.lock.Close(); err != nil {
		t.Error(err)
	}
	if e, err := q.Cancel(t.Context(), "r"); err != nil || find(t, q, "r").State.Phase != Cancelled {
		t.Errorf("one that was interrupted: %+v, %v", e, err)
	}
}

// What is found by the beginning of its id is the only one.
func TestFind(t *testing.T) {
	q := fast(t)
	if _, err := q.Find(t.Context(), ""); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	for _, id := range []string{"ab1", "ab2", "c"} {
		defer take(t, q, asked(id)).lock.Close()
	}
	if err := os.MkdirAll(q.locate("requests/of_something_else"), 0o755); err != nil {
		t.Fatal(err)
	}
	for prefix, want := range map[string]string{
		"c": "", "ab1": "", "ab": "2 requests have an id that begins with \"ab\": ab1, ab2", "": "3 requests", "x": "no id in",
	} {
		_, err := q.Find(t.Context(), prefix)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", prefix, err)
		}
	}
}

// Requests that were done long enough ago are removed with what came of them,
// but not those that somebody has, or that can be gone on with.
func TestRemove(t *testing.T) { everywhere(t, remove) }

func remove(t *testing.T, q *Queue) {
	if err := take(t, q, asked("old")).end(nil); err != nil {
		t.Fatal(err)
	}
	if err := q.place.Write(q.path("old", "result"), files.Replace, func(out io.Writer) error { _, err := out.Write(make([]byte, 1000)); return err }); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("failed")
	if err := take(t, q, asked("failed")).end(failed); !errors.Is(err, failed) {
		t.Fatal(err)
	}
	h := take(t, q, asked("held"))
	between := time.Now().Add(time.Second)
	worked, err := lease.Take(q.place, "old", lease.Task{Stage: "index"}, func() lease.Done { return lease.Done{} })
	if err != nil {
		t.Fatal(err)
	}
	if list, err := q.Remove(t.Context(), between, false); len(list) > 0 || err != nil {
		t.Errorf("a request goes that is worked on: %v, %v", list, err)
	}
	if err := worked.Release(true); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		before time.Time
		dryRun bool
		gone   string
	}{{between.Add(-time.Hour), false, ""}, {between, true, "old"}, {between, false, "old"}, {between, false, ""}} {
		list, err := q.Remove(t.Context(), c.before, c.dryRun)
		gone := ""
		for _, one := range list {
			gone += one.ID
			if one.Bytes < 1000 {
				t.Errorf("%+v", one)
			}
		}
		if err != nil || gone != c.gone {
			t.Errorf("%+v: removed %q, %v", c, gone, err)
		}
	}
	left := 0
	if err := q.place.List(q.path("old", ""), func(files.Info) error { left++; return nil }); left > 0 || err != nil {
		t.Errorf("%d files are left, %v", left, err)
	}
	if err := h.end(nil); err != nil {
		t.Error(err)
	}
}

// A process that does not reach the bucket any more is stopped and writes nothing of
// its request, which others see as interrupted and can take.
func TestWhoIsCutOffLosesARequest(t *testing.T) {
	server := s3.Start(t)
	s3.SignIn(t, s3.Access, s3.Secret)
	s3.Make(t, server, "state")
	var cut atomic.Bool
	front := s3.Front(t, server.Endpoint(), func(*http.Request) {
		if cut.Load() {
			panic(http.ErrAbortHandler)
		}
	})
	h := take(t, far(t, front, files.Life(2*time.Second)), asked("ab"))
	if _, err := h.Await(t.Context(), 1, noTelling); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- h.Run(t.Context(), nothing, func(ctx context.Context) error { cut.Store(true); <-ctx.Done(); return ctx.Err() })
	}()
	if err := <-ended; !errors.Is(err, files.ErrLost) {
		t.Fatal(err)
	}
	near := far(t, server.Endpoint(), files.Life(2*time.Second))
	for end := time.Now().Add(2 * time.Minute); find(t, near, "ab").State.Phase != Interrupted; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%+v", find(t, near, "ab").State)
		}
	}
	if err := take(t, near, asked("ab")).end(nil); err != nil {
		t.Error(err)
	}
	if e := find(t, near, "ab"); e.State.Phase != Done || e.State.Attempt != 2 || e.Folder != "s3://state/w/requests/ab" {
		t.Errorf("%+v", e)
	}
}
