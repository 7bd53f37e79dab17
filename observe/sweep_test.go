package observe_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"muster/observe"
	"muster/pipeline"
	"muster/segments"
)

// lines takes the texts that were logged about sweeps.
func lines(logs *observer.ObservedLogs) []string {
	var texts []string
	for _, entry := range logs.TakeAll() {
		if strings.Contains(entry.Message, "looked at") || strings.Contains(entry.Message, "counted") {
			texts = append(texts, entry.Message)
		}
	}
	return texts
}

func expectLines(t *testing.T, logs *observer.ObservedLogs, want ...string) {
	t.Helper()
	synctest.Wait()
	if got := lines(logs); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("logged\n%q\nwant\n%q", got, want)
	}
}

// Sweeps of two shards are told as one: in the log at the start, every ten
// seconds and at the end, and by readiness as long as they run.
func TestSweepsAreToldAsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		w := observe.New(zap.New(core))
		p := w.Pipeline()
		expectReady := func(want string) {
			t.Helper()
			if code, text := get(t, w, "/readyz"); code != 200 || text != "ready\n"+want {
				t.Errorf("readyz is %d %q, want %q behind ready", code, text, want)
			}
		}
		w.Segments().Published(segments.Published{Edition: 2, Added: 3, Removed: 1})
		p.Swept(0, pipeline.Sweep{Generation: 4})
		expectReady("sweep: profiles are being counted\n")
		p.Swept(0, pipeline.Sweep{Generation: 4, Profiles: 1_000_000, Looked: 0})
		p.Swept(1, pipeline.Sweep{Generation: 9, Profiles: 1_000_000, Looked: 500_000}) // goes on
		p.Swept(2, pipeline.Sweep{Generation: 1, Done: true})                           // has nothing to do
		expectReady("sweep: 25 % of 2,000,000 profiles looked at\n")
		time.Sleep(time.Second)
		expectLines(t, logs, "segments in force: added 3, removed 1; 25 % of 2,000,000 profiles looked at")
		time.Sleep(4 * time.Second)
		p.Swept(0, pipeline.Sweep{Generation: 4, Profiles: 1_000_000, Looked: 250_000})
		time.Sleep(5 * time.Second)
		p.Swept(1, pipeline.Sweep{Generation: 9, Profiles: 1_000_000, Looked: 750_000})
		expectReady("sweep: 50 % of 2,000,000 profiles looked at, 20 s left\n")
		_, text := get(t, w, "/metrics")
		mustContain(t, text, `muster_sweeping{shard="0"} 1`, `muster_sweeping{shard="2"} 0`,
			`muster_sweep_profiles{shard="0"} 1e+06`, `muster_sweep_looked{shard="0"} 250000`)
		expectLines(t, logs)
		time.Sleep(time.Second)
		synctest.Wait()
		fields := logs.All()[0].ContextMap()
		if fields["added"] != int64(3) || fields["removed"] != int64(1) || fields["profiles"] != int64(2_000_000) ||
			fields["looked"] != int64(1_000_000) || fields["left"] != 22*time.Second {
			t.Errorf("logged %v", fields)
		}
		expectLines(t, logs, "segments in force: added 3, removed 1; 50 % of 2,000,000 profiles looked at, 22 s left")

		p.Left(1, errors.New("away")) // the next owner tells
		expectReady("sweep: 25 % of 1,000,000 profiles looked at, 33 s left\n")
		p.Swept(0, pipeline.Sweep{Generation: 4, Profiles: 1_000_000, Looked: 1_000_000, Done: true})
		expectReady("")
		time.Sleep(time.Minute)
		expectLines(t, logs, "segments in force: added 3, removed 1; all 1,000,000 profiles looked at")
		_, text = get(t, w, "/metrics")
		mustContain(t, text, `muster_sweeping{shard="0"} 0`)
		if strings.Contains(text, `muster_sweeping{shard="1"}`) {
			t.Error("the sweep of a shard that was left is still told")
		}
	})
}

// A second edit begins the sweeps anew, and its own words are told.
func TestAnotherEditBeginsSweepsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		w := observe.New(zap.New(core))
		p, s := w.Pipeline(), w.Segments()
		s.Published(segments.Published{Edition: 1, Added: 7})
		p.Swept(0, pipeline.Sweep{Generation: 1, Profiles: 10, Looked: 5})
		time.Sleep(2 * time.Second)
		expectLines(t, logs, "profiles of older rules: 50 % of 10 profiles looked at")
		s.Published(segments.Published{Edition: 2, Changed: 1})
		p.Swept(0, pipeline.Sweep{Generation: 2})
		p.Swept(0, pipeline.Sweep{Generation: 2, Profiles: 10, Looked: 1})
		time.Sleep(2 * time.Second)
		expectLines(t, logs, "segments in force: changed 1; 10 % of 10 profiles looked at")
		p.Swept(0, pipeline.Sweep{Generation: 2, Profiles: 10, Looked: 10, Done: true})
		time.Sleep(2 * time.Second)
		expectLines(t, logs, "segments in force: changed 1; all 10 profiles looked at")
	})
}

// What is over within a second is one line, and what is left by all is none.
func TestShortSweepsAreOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		w := observe.New(zap.New(core))
		p := w.Pipeline()
		for shard := range 16 {
			p.Swept(shard, pipeline.Sweep{Generation: 2})
			p.Swept(shard, pipeline.Sweep{Generation: 2, Profiles: 100, Looked: 100, Done: true})
		}
		time.Sleep(time.Minute)
		expectLines(t, logs, "profiles of older rules: all 1,600 profiles looked at")
		p.Swept(0, pipeline.Sweep{Generation: 3, Profiles: 100})
		p.Left(0, nil)
		time.Sleep(time.Minute)
		expectLines(t, logs)
		if _, text := get(t, w, "/readyz"); text != "ready\n" {
			t.Errorf("readyz is %q", text)
		}
	})
}
