package main

import (
	"testing"
	"time"

	"muster/history/lease"
	"muster/history/queue"
)

func TestAge(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30d": 720 * time.Hour, "1h": time.Hour, "3650d": maxAge, "87600h": maxAge,
		"": 0, "30": 0, "0d": 0, "3651d": 0, "-1d": 0, "d": 0, "1.5h": 0, "99999999999d": 0, "4294967295d": 0, "30m": 0,
	} {
		var a age
		if err := a.UnmarshalText([]byte(text)); (err == nil) != (want > 0) || time.Duration(a) != want {
			t.Errorf("%q is %s, %v", text, time.Duration(a), err)
		}
	}
}

// What is removed is older than the beginning of every request that runs, but
// those that wait or have ended use nothing.
func TestCleaningSparesWhatRuns(t *testing.T) {
	now := time.Unix(1e9, 0)
	ago := func(hours int) time.Time { return now.Add(-time.Duration(hours) * time.Hour) }
	of := func(phase queue.Phase, hours int) *queue.Entry {
		return &queue.Entry{State: queue.State{Phase: phase, Began: ago(hours)}}
	}
	for name, c := range map[string]struct {
		list         []*queue.Entry
		unused, idle int // hours ago
	}{
		"nothing runs":   {[]*queue.Entry{of(queue.Done, 100), of(queue.Interrupted, 100), of(queue.Waiting, 100000)}, 48, 1},
		"one runs":       {[]*queue.Entry{of(queue.Running, 5)}, 48, 6},
		"one runs long":  {[]*queue.Entry{of(queue.Running, 5), of(queue.Running, 99), of(queue.Running, 7)}, 100, 100},
		"one just began": {[]*queue.Entry{of(queue.Running, 0)}, 48, 1},
	} {
		got := cleaning(c.list, nil, now, ago(48), true)
		if !got.Unused.Equal(ago(c.unused)) || !got.Idle.Equal(ago(c.idle)) || !got.DryRun {
			t.Errorf("%s: unused since %s, idle since %s", name, now.Sub(got.Unused), now.Sub(got.Idle))
		}
	}
	worked := &lease.Work{Holders: []lease.Holder{{Since: ago(7)}, {Since: ago(99)}}}
	got := cleaning([]*queue.Entry{of(queue.Running, 5)}, []*lease.Work{{}, worked}, now, ago(48), false)
	if !got.Unused.Equal(ago(100)) || !got.Idle.Equal(ago(100)) || got.DryRun {
		t.Errorf("worked on by tasks: unused since %s, idle since %s", now.Sub(got.Unused), now.Sub(got.Idle))
	}
}
