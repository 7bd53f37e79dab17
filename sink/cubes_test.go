package sink_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"muster/cube"
	"muster/event"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
	"muster/sink"
	"muster/test/kit/redis"
)

func adsCube(t *testing.T) *cube.Cube {
	t.Helper()
	cubes, err := cube.Read(rules.Source{Name: "cubes.yaml", Data: []byte(`cubes: [{id: ads, events: "Ad", dimensions: [.ad], clicks: count(.clicked)}]`)})
	if err != nil {
		t.Fatal(err)
	}
	return cubes[0]
}

// adView is an event of the cube.
type adView struct {
	profile, ad string
	day         int64
}

// partOf is what a tally appends for some events.
func partOf(c *cube.Cube, views ...adView) []byte {
	tally := cube.NewTally(1000)
	tally.Declare([]*cube.Cube{c})
	for _, v := range views {
		at := v.day * 86_400_000
		body := event.ObjectOf([]event.Value{event.StringOf("ad"), event.StringOf(v.ad), event.StringOf("clicked"), event.BoolOf(v.ad == "x")})
		tally.Count(&event.Event{Type: event.Track, Profile: v.profile, Name: "Ad", Time: at, Arrival: at, Body: body}, profile.New(v.profile))
	}
	return tally.Append(nil)
}

// answerOf is an answer as one line.
func answerOf(t *testing.T, store *sink.Store, c *cube.Cube, where string, by []string, first, last int64) string {
	t.Helper()
	q, err := cube.NewQuery(c, where, by)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.ReadCube(t.Context(), c, first, last, q); err != nil {
		t.Fatal(err)
	}
	a := q.Answer()
	text := fmt.Sprintf("all %d/%d/%d", a.Total.Profiles, a.Total.Events, a.Total.Counts[0])
	for _, r := range a.Rows {
		text += fmt.Sprintf(" %s %d/%d/%d", r.Values[0].Text(), r.Profiles, r.Events, r.Counts[0])
	}
	if a.Other.Events > 0 {
		text += fmt.Sprintf(" other %d/%d of %d", a.Other.Profiles, a.Other.Events, a.Folded)
	}
	return text
}

// foldAll folds until nothing waits.
func foldAll(t *testing.T, store *sink.Store, shard int, cfg cube.Config) (cells int) {
	t.Helper()
	for more := true; more; {
		done, err := store.FoldCubes(t.Context(), shard, cfg)
		if err != nil {
			t.Fatal(err)
		}
		more = done.More
		cells += done.Cells
	}
	return cells
}

// A part is added once, for the owner alone, and a question finds it whether it
// was folded in or not.
func TestCubeParts(t *testing.T) {
	store := open(t, config(redis.Start(t).Address))
	c, day, cfg := adsCube(t), today(), cube.Default()
	state, err := store.Open(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := store.OpenCubes(t.Context(), 3); err != nil || m != (sink.CubeMark{Next: -1}) {
		t.Fatalf("a new shard has the mark %+v: %v", m, err)
	}
	add := func(gaps, next int64, views ...adView) int64 {
		t.Helper()
		waiting, err := store.AddCubes(t.Context(), 3, sink.CubeOwner{Epoch: state.Epoch, Next: state.Next}, sink.CubeMark{Gaps: gaps, Next: next}, partOf(c, views...))
		if err != nil {
			t.Fatal(err)
		}
		return waiting
	}
	first := []adView{{"u1", "x", day}, {"u2", "x", day}, {"u1", "y", day - 40}}
	for range 2 { // as when the reply is lost
		if waiting := add(0, 10, first...); waiting != 1 {
			t.Errorf("%d parts wait", waiting)
		}
	}
	want := "all 2/3/2 x 2/2/2 y 1/1/0"
	if got := answerOf(t, store, c, "", []string{"ad"}, day-60, day); got != want {
		t.Errorf("before folding: %s", got)
	}
	foldAll(t, store, 3, cfg)
	if got := answerOf(t, store, c, "", []string{"ad"}, day-60, day); got != want {
		t.Errorf("behind folding: %s", got)
	}
	add(0, 12, adView{"u3", "x", day})
	want = "all 3/4/3 x 3/3/3 y 1/1/0"
	if got := answerOf(t, store, c, "", []string{"ad"}, day-60, day); got != want {
		t.Errorf("half folded: %s", got)
	}
	foldAll(t, store, 3, cfg)
	add(1, 5, adView{"u4", "y", day}) // behind a gap offsets may begin anew
	for _, one := range []struct {
		where       string
		first, last int64
		want        string
	}{
		{"", day - 60, day, "all 4/5/3"}, {`ad == "x"`, day - 60, day, "all 3/3/3"}, {"", day - 40, day - 40, "all 1/1/0"},
		{`ad startsWith "z"`, day - 60, day, "all 0/0/0"}, {"", day - 39, day - 1, "all 0/0/0"}, {`ad in ["x", "y"]`, day, day, "all 4/4/3"},
	} {
		if got := answerOf(t, store, c, one.where, nil, one.first, one.last); got != one.want {
			t.Errorf("%s from %d to %d: %s, want %s", one.where, one.first-day, one.last-day, got, one.want)
		}
	}
	// An owner that was further when Redis came back older would have passed over
	// what is applied again.
	_, err = store.AddCubes(t.Context(), 3, sink.CubeOwner{Epoch: state.Epoch, Next: state.Next + 7}, sink.CubeMark{Gaps: 1, Next: 20}, partOf(c, adView{"u9", "x", day}))
	if !errors.Is(err, pipeline.ErrFenced) {
		t.Errorf("an owner that is further than Redis adds: %v", err)
	}
	if m, err := store.OpenCubes(t.Context(), 3); err != nil || m != (sink.CubeMark{Gaps: 1, Next: 5}) {
		t.Errorf("the mark is %+v: %v", m, err)
	}
	next, err := store.Open(t.Context(), 3)
	if err != nil || next.Epoch == state.Epoch {
		t.Fatal(err)
	}
	_, err = store.AddCubes(t.Context(), 3, sink.CubeOwner{Epoch: state.Epoch, Next: state.Next}, sink.CubeMark{Gaps: 1, Next: 9}, partOf(c, adView{"u9", "x", day}))
	if !errors.Is(err, pipeline.ErrFenced) {
		t.Errorf("the owner before adds: %v", err)
	}
	if got := answerOf(t, store, c, "", nil, day-60, day); got != "all 4/5/3" {
		t.Errorf("then %s", got)
	}
}

// Where Redis loses what was counted for a commit and nothing else, the commit
// would pass over its events. It is refused, so that they are counted again.
func TestACommitAsksForWhatWasCounted(t *testing.T) {
	server := redis.Start(t, "appendonly yes", "appendfsync no", "auto-aof-rewrite-percentage 0")
	store := open(t, config(server.Address))
	c, day := adsCube(t), today()
	w := start(t, store, 0)
	if _, err := store.OpenCubes(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	counted := func() *pipeline.Commit {
		t.Helper()
		commit := w.next()
		m := sink.CubeMark{Next: commit.Next}
		if _, err := store.AddCubes(t.Context(), 0, sink.CubeOwner{Epoch: w.state.Epoch, Next: w.state.Next}, m, partOf(c, adView{"u1", "x", day})); err != nil {
			t.Fatal(err)
		}
		commit.Counted = m.String()
		return commit
	}
	if err := w.commit(t, counted()); err != nil {
		t.Fatal(err)
	}
	before := server.Mark(t)
	commit := counted()
	if !server.Lose(t, before) {
		t.Fatal("nothing was lost")
	}
	server.Restart(t)
	if err := w.commit(t, commit); !errors.Is(err, pipeline.ErrFenced) {
		t.Fatalf("a commit whose counts are lost: %v", err)
	}
	if err := w.open(t); err != nil {
		t.Fatal(err)
	}
	if m, err := store.OpenCubes(t.Context(), 0); err != nil || m != (sink.CubeMark{Next: w.state.Next}) {
		t.Fatalf("the mark is %+v: %v; the shard is at %d", m, err, w.state.Next)
	}
	if err := w.commit(t, counted()); err != nil {
		t.Fatal(err)
	}
	if got := answerOf(t, store, c, "", nil, day, day); got != "all 1/2/2" {
		t.Errorf("in the end %s", got)
	}
}

// TestCubeMarks: behind another gap every event was not counted.
func TestCubeMarks(t *testing.T) {
	m := sink.CubeMark{Gaps: 2, Next: 10}
	for _, one := range []struct {
		gaps, offset int64
		want         bool
	}{{2, 9, false}, {2, 10, true}, {1, 99, false}, {3, 0, true}} {
		if m.Before(one.gaps, one.offset) != one.want {
			t.Errorf("offset %d behind %d gaps: %t", one.offset, one.gaps, !one.want)
		}
	}
}

// Whoever folds, and however many do at once, while others ask, each part counts
// once, in days, weeks and months.
func TestCubesAreFoldedOnceByMany(t *testing.T) {
	server := redis.Start(t)
	store := open(t, config(server.Address))
	c, day, cfg := adsCube(t), today(), cube.Default()
	state, err := store.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.OpenCubes(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	const parts = 60
	var folders sync.WaitGroup
	added := make(chan struct{})
	for range 3 {
		folders.Go(func() {
			for last := false; ; {
				done, err := store.FoldCubes(t.Context(), 0, cfg)
				if err != nil {
					t.Error(err)
					return
				}
				if last && !done.More && done.Parts == 0 {
					return
				}
				select {
				case <-added:
					last = true
				default:
				}
			}
		})
	}
	for i := range parts {
		views := []adView{{fmt.Sprint("u", i%7), "x", day - int64(i)}, {fmt.Sprint("u", i), "y", day}}
		if _, err := store.AddCubes(t.Context(), 0, sink.CubeOwner{Epoch: state.Epoch, Next: state.Next}, sink.CubeMark{Next: int64(i)}, partOf(c, views...)); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("all %d/%d/%d", i+1, 2*(i+1), i+1)
		if got := answerOf(t, store, c, "", nil, day-400, day); got != want {
			t.Errorf("behind part %d: %s, want %s", i, got, want)
		}
	}
	close(added)
	folders.Wait()
	for _, days := range []int64{1, 7, 31, 60, 365} {
		x := min(days, parts)
		want := fmt.Sprintf("all %d/%d/%d", parts, parts+x, x)
		if got := answerOf(t, store, c, "", nil, day-days+1, day); got != want {
			t.Errorf("%d days: %s, want %s", days, got, want)
		}
	}
	if n, err := server.Client(t).LLen(t.Context(), "m:{s0}:cube:parts").Result(); n != 0 || err != nil {
		t.Errorf("%d parts are left: %v", n, err)
	}
}

// A page never has more cells than it may, whatever comes, and the sum of all
// stays. What is folded is told.
func TestCubesAreBounded(t *testing.T) {
	server := redis.Start(t)
	store := open(t, config(server.Address))
	c, day := adsCube(t), today()
	cfg := cube.Config{Cells: 16, Days: 30}
	state, err := store.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.OpenCubes(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	events, folded := 0, 0
	for i := range 12 {
		var views []adView
		for k := range 10 {
			views = append(views, adView{"u1", fmt.Sprintf("rare-%d-%d", i, k), day}, adView{"u2", "often", day})
		}
		events += len(views)
		if _, err := store.AddCubes(t.Context(), 0, sink.CubeOwner{Epoch: state.Epoch, Next: state.Next}, sink.CubeMark{Next: int64(i)}, partOf(c, views...)); err != nil {
			t.Fatal(err)
		}
		folded += foldAll(t, store, 0, cfg)
		cells, err := server.Client(t).HLen(t.Context(), "m:{s0}:cube:"+c.Key()+":"+cube.Day.Around(day).String()).Result()
		if err != nil || cells-1 > 16 {
			t.Errorf("turn %d: %d cells: %v", i, cells-1, err)
		}
	}
	q, err := cube.NewQuery(c, "", []string{"ad"})
	if err == nil {
		err = store.ReadCube(t.Context(), c, day, day, q)
	}
	if err != nil {
		t.Fatal(err)
	}
	a := q.Answer()
	often := slices.IndexFunc(a.Rows, func(r cube.Row) bool { return r.Values[0].Text() == "often" })
	if a.Total.Events != uint64(events) || a.Total.Profiles != 2 || a.Folded == 0 || folded == 0 || often < 0 || a.Rows[often].Events != 120 {
		t.Errorf("%d events of %d, %d profiles, %d cells folded: %+v", a.Total.Events, events, a.Total.Profiles, a.Folded, a.Other)
	}
	if got := answerOf(t, store, c, `ad == "often"`, nil, day, day); got != fmt.Sprintf("all 1/120/0 other 1/%d of %d", a.Other.Events, a.Folded) {
		t.Errorf("with a filter: %s", got)
	}
	left, err := server.Client(t).TTL(t.Context(), "m:{s0}:cube:"+c.Key()+":"+cube.Day.Around(day).String()).Result()
	if err != nil || left < 29*24*time.Hour || left > 31*24*time.Hour {
		t.Errorf("the day expires in %s: %v", left, err)
	}
}

// What can't be read is told with the key, and nothing is folded.
func TestABrokenCubeIsTold(t *testing.T) {
	server := redis.Start(t)
	store, client := open(t, config(server.Address)), server.Client(t)
	c, day := adsCube(t), today()
	if _, err := store.OpenCubes(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	key := "m:{s0}:cube:" + c.Key() + ":" + cube.Day.Around(day).String()
	if err := client.HSet(t.Context(), key, "\x01", 1, "s\x01x", "nonsense").Err(); err != nil {
		t.Fatal(err)
	}
	q, err := cube.NewQuery(c, "", nil)
	if err == nil {
		err = store.ReadCube(t.Context(), c, day, day, q)
	}
	if err == nil || !sink.IsFinal(err) || !cube.IsBroken(err) {
		t.Errorf("reading: %v", err)
	}
	if err := client.RPush(t.Context(), "m:{s0}:cube:parts", "nonsense").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.FoldCubes(t.Context(), 0, cube.Default()); err == nil || !sink.IsFinal(err) {
		t.Errorf("folding: %v", err)
	}
	if n := client.LLen(t.Context(), "m:{s0}:cube:parts").Val(); n != 1 {
		t.Errorf("%d parts are left", n)
	}
}
