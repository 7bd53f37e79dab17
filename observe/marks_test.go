package observe_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"muster/observe"
	"muster/pipeline"
)

// A segment of which not all events are known is told once, with the latest
// instant of all shards.
func TestMarksAreLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		p := observe.New(zap.New(core)).Pipeline()
		at := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
		adopt := func(shard int, edition uint64, after time.Duration, segments ...string) {
			var marks []pipeline.Mark
			for _, one := range segments {
				marks = append(marks, pipeline.Mark{Segment: one, Since: at.Add(after).UnixMilli()})
			}
			p.Adopted(shard, pipeline.Adoption{Edition: edition, Marks: marks})
			time.Sleep(900 * time.Millisecond)
		}
		expect := func(want ...string) {
			t.Helper()
			time.Sleep(time.Minute)
			var got []string
			for _, entry := range logs.TakeAll() {
				got = append(got, entry.Message)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("logged\n%q\nwant\n%q", got, want)
			}
		}
		adopt(0, 1, 0)
		expect()
		adopt(0, 2, -time.Hour, "x", "y")
		adopt(1, 2, 0, "x")
		adopt(2, 2, -time.Minute, "x")
		adopt(3, 2, 0)
		expect("segment x counts events since 2026-11-26T10:00:00Z only", "segment y counts events since 2026-11-26T09:00:00Z only")
		adopt(4, 2, time.Hour, "x")
		expect()
		adopt(4, 3, time.Hour, "x")
		expect("segment x counts events since 2026-11-26T11:00:00Z only")
	})
}

func TestMarksAreLoggedWithinBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		p := observe.New(zap.New(core)).Pipeline()
		var marks []pipeline.Mark
		for i := range 1000 {
			marks = append(marks, pipeline.Mark{Segment: fmt.Sprintf("s%03d", i), Since: 1})
		}
		p.Adopted(0, pipeline.Adoption{Edition: 1, Marks: marks})
		time.Sleep(time.Minute)
		entries := logs.TakeAll()
		if len(entries) != 21 || entries[20].ContextMap()["segments"] != int64(980) {
			t.Errorf("%d lines, the last is %v", len(entries), entries[len(entries)-1])
		}
	})
}
