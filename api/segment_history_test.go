package api

import (
	"net/http"
	"testing"
	"time"

	"muster/api/access"
	"muster/lookup"
	"muster/pipeline"
	"muster/sink"
)

// moves commits changes of vip, so long ago each; those of a negative number
// leave.
func (k *kept) moves(t *testing.T, hoursAgo ...int) {
	t.Helper()
	state, err := k.store.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	c := &pipeline.Commit{Epoch: state.Epoch, From: state.Next, Next: max(0, state.Next) + 1, Outbox: state.Outbox}
	for n, ago := range hoursAgo {
		entered := ago >= 0
		at := time.Now().Add(-time.Duration(max(ago, -ago)) * time.Hour)
		c.Changes = append(c.Changes, pipeline.Change{Segment: "vip", Profile: "p", Entered: entered, At: at.UnixMilli(), Version: uint64(n + 1)})
		if entered {
			c.Reach = append(c.Reach, pipeline.Reach{Segment: "vip", Profile: "p", Day: at.Unix() / 86400})
		}
	}
	if err := k.store.Commit(t.Context(), 0, c); err != nil {
		t.Fatal(err)
	}
}

func TestHistoryOfASegment(t *testing.T) {
	k := keeping(t, Default())
	k.spends(t, "u1", 0) // the rules are known
	k.moves(t, 50, -40, 30, 2)
	var got lookup.SegmentHistory
	k.get(t, "/v1/segments/vip/history", &got)
	if len(got.Intervals) < 24 || len(got.Intervals) > 25 || got.Step != lookup.Hourly || got.CompleteSince == nil {
		t.Fatalf("%d intervals of %+v", len(got.Intervals), got)
	}
	first, last := got.Intervals[0], got.Intervals[len(got.Intervals)-1]
	if first.Size != 1 || first.Entered != 0 || last.Size != 2 || first.Reach != nil {
		t.Errorf("from %+v to %+v", first, last)
	}
	entered := int64(0)
	for _, one := range got.Intervals {
		entered += one.Entered
	}
	if entered != 1 {
		t.Errorf("%d entered in 24 hours", entered)
	}
	from := time.Now().Add(-72 * time.Hour).UTC()
	k.get(t, "/v1/segments/vip/history?step=day&from="+from.Format(time.RFC3339), &got)
	if len(got.Intervals) != 4 || int64(got.Intervals[0].At) != from.Truncate(24*time.Hour).UnixMilli() {
		t.Fatalf("%+v", got)
	}
	var sum lookup.Interval
	for _, one := range got.Intervals {
		sum.Entered, sum.Left = sum.Entered+one.Entered, sum.Left+one.Left
		if one.Reach == nil || (*one.Reach > 0) != (one.Entered > 0) {
			t.Errorf("reach of %+v", one)
		}
	}
	if sum.Entered != 3 || sum.Left != 1 || got.Intervals[0].Size+sum.Entered-sum.Left < 2 || got.Intervals[3].Size != 2 {
		t.Errorf("%+v", got.Intervals)
	}
	var list struct{ Segments []lookup.Segment }
	k.get(t, "/v1/segments", &list)
	if vip := list.Segments[2]; vip.ID != "vip" || *vip.Entered != 1 || *vip.Left != 0 {
		t.Errorf("%+v", vip)
	}
}

func TestHistoriesThatCantBeTold(t *testing.T) {
	k := keeping(t, Default())
	for query, want := range map[string]int{
		"vip/history?from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z": http.StatusBadRequest,
		"vip/history?from=2026-01-01T00:00:00Z":                         http.StatusBadRequest, // too many hours
		"vip/history?from=9999-01-01T00:00:00Z&to=9999-01-02T00:00:00Z": http.StatusBadRequest,
		"vip/history?from=yesterday":                                    http.StatusUnprocessableEntity,
		"vip/history?step=week":                                         http.StatusUnprocessableEntity,
		"vip/history?since=2026-11-02T00:00:00Z":                        http.StatusUnprocessableEntity,
		"nobody/history":                                                http.StatusNotFound,
	} {
		refused(t, query, k.ask(t, access.Read, http.MethodGet, "/v1/segments/"+query, nil), want)
	}
	off := sink.Default()
	off.HourlyFlowDays = 0
	k = keepingWith(t, Default(), off)
	refused(t, "hours that are not counted", k.ask(t, access.Read, http.MethodGet, "/v1/segments/vip/history", nil), http.StatusBadRequest, "redis.hourly_flow_days")
	var list struct{ Segments []lookup.Segment }
	if k.get(t, "/v1/segments", &list); list.Segments[0].Entered != nil {
		t.Errorf("%+v", list.Segments[0])
	}
}
