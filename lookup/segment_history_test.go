package lookup

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"muster/sink"
)

// The sizes of a history are those that counting the flows up from the
// beginning comes to, whatever part of it is asked for.
func TestHistoryGoesBackFromTheSizeOfNow(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const base = 1_790_000_000_000 / 3600_000 * 3600_000
	for range 200 {
		var all []sink.Flow
		size, sizes := int64(0), map[int64]int64{} // at the end of an hour
		for hour := range int64(60) {
			at := base + hour*sink.Hour.Length()
			if r.IntN(3) == 0 {
				f := sink.Flow{At: at, Entered: r.Int64N(9) + 1, Left: r.Int64N(9)}
				all, size = append(all, f), size+f.Entered-f.Left
			}
			sizes[at] = size
		}
		from := r.Int64N(60)
		to := from + r.Int64N(60-from)
		since := base + r.Int64N(30)*sink.Hour.Length() + 5
		got := intervalsOf(sink.Flows{Size: size, Since: since, Flows: all}, sink.Hour, base+from*sink.Hour.Length(), base+to*sink.Hour.Length())
		first := max(base+from*sink.Hour.Length(), sink.Hour.Begin(since))
		if want := max(0, (base+to*sink.Hour.Length()-first)/sink.Hour.Length()+1); int64(len(got)) != want {
			t.Fatalf("%d intervals, want %d", len(got), want)
		}
		for i, one := range got {
			at := first + int64(i)*sink.Hour.Length()
			var want sink.Flow
			if n := slices.IndexFunc(all, func(f sink.Flow) bool { return f.At == at }); n >= 0 {
				want = all[n]
			}
			if int64(one.At) != at || one.Size != sizes[at] || one.Entered != want.Entered || one.Left != want.Left {
				t.Fatalf("%+v at %d, want %+v and size %d", one, at, want, sizes[at])
			}
		}
	}
}

func TestRangesOfHistories(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 30, 0, 0, time.UTC)
	for _, step := range []Step{Hourly, Daily} {
		q := SegmentHistoryQuery{Step: step}
		_, from, to, err := q.rangeOf(now)
		want := map[Step][2]string{
			Hourly: {"2026-11-20T11:00:00.000Z", "2026-11-21T10:00:00.000Z"}, Daily: {"2026-10-23T00:00:00.000Z", "2026-11-21T00:00:00.000Z"},
		}[step]
		if err != nil || Instant(from).String() != want[0] || Instant(to).String() != want[1] {
			t.Errorf("%s: from %s to %s, %v", step, Instant(from), Instant(to), err)
		}
	}
	if _, _, _, err := (&SegmentHistoryQuery{Step: "week"}).rangeOf(now); err == nil {
		t.Error("a week is no step")
	}
}
