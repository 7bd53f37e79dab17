package e2e

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
)

// Segments are edited while no profile gets another event. An edit must come
// to all of them: the members are those of the oracle, every change has the
// cause rules and the next version of its profile, and of a segment that is
// removed nothing stays. The oracle knows all events, so rules ask only for
// what was kept before.
func TestEditsComeToDormantProfiles(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		tr := traffic.New(11, 300, 8)
		tr.Rules["plan"] = `traits.plan == "pro"`
		tr.Rules["gone"] = `traits.age != nil`
		tr.Rules["seen"] = `count(events("*")) > 3`
		s := stack.Start(t, stack.Options{
			Shards: shards, Sources: sources, Segments: tr.Segments(), Cluster: cluster,
			// An idle shard must not wait for HoldWrites before it has seen the
			// edit; and a commit waits for half a session.
			Pipeline: "  idle_check: 1h", Session: 2 * time.Minute,
		})
		s.Init()
		e := s.Run()
		s.Produce(tr.Records(s, 3000)...)
		s.AwaitSettled(stack.Patience)
		report(t, s.Verify(tr.Rules))
		d := &dormant{t, s, tr, make([]int, shards)}
		for shard := range d.had {
			d.had[shard] = len(s.Stored(shard, nil).Outbox)
		}

		// Added, while writes are held: then the sweep is seen.
		tr.Rules["added"] = `traits.plan != "pro" and count(events("*")) > 1`
		release := s.HoldWrites()
		s.WriteSegments(tr.Segments())
		awaitSweepSeen(s, e)
		release()
		d.expect(2)
		expectSwept(t, s, e)

		// Changed, while nobody runs.
		if code := e.Terminate(); code != 0 {
			t.Errorf("it left with exit code %d", code)
		}
		tr.Rules["plan"] = `traits.plan != "pro" and not segment("seen")`
		s.WriteSegments(tr.Segments())
		e = s.Run()
		d.expect(3)

		// Removed, and another put in its place that begins to count now.
		delete(tr.Rules, "gone")
		tr.Rules["never"] = `count(events("Never", "7d")) > 0`
		s.WriteSegments(tr.Segments())
		d.expect(4)
		if keys := s.Keys("*:seg:gone"); len(keys) > 0 {
			t.Errorf("of the removed segment these are left: %q", keys)
		}
		if sizes := s.StoredSizes("gone"); len(sizes) > 0 {
			t.Errorf("of the removed segment these sizes are left: %v", sizes)
		}
		awaitLog(s, e, "segment never counts events since ", "segments in force: added 1, removed 1; all ")
	})
}

// dormant is a System whose profiles get no more events.
type dormant struct {
	t   *testing.T
	s   *stack.System
	tr  *traffic.Traffic
	had []int // changes by shard before the edit
}

// expect waits for the sweep of an edit and looks at what came of it.
func (d *dormant) expect(generation int64) {
	d.t.Helper()
	d.s.AwaitSwept(stack.Patience, d.tr.Rules)
	report(d.t, d.s.VerifyMembers(d.tr.Rules))
	more := 0
	for shard := range d.s.Shards {
		changes := d.s.Stored(shard, nil).Outbox
		for _, c := range changes[d.had[shard]:] {
			more++
			if c.Cause != "rules" {
				d.t.Errorf("shard %d: a change of a dormant profile is %+v", shard, c)
			}
		}
		d.had[shard] = len(changes)
	}
	if more < 10 {
		d.t.Errorf("generation %d has brought %d changes", generation, more)
	}
}

// awaitSweepSeen waits until readiness and metrics tell of a sweep.
func awaitSweepSeen(s *stack.System, e *stack.Evaluator) {
	s.Await("the sweep to be seen", stack.Patience, func() error {
		_, text, err := e.Ready()
		if err != nil {
			return err
		}
		if !strings.Contains(text, "sweep: ") {
			return fmt.Errorf("it is ready with %q", text)
		}
		sweeping, err := sumOf(s, e, "muster_sweeping")
		if err == nil && sweeping == 0 {
			err = errors.New("no shard sweeps")
		}
		return err
	})
}

// expectSwept demands that the metrics tell of a sweep that is done, of all
// profiles.
func expectSwept(t *testing.T, s *stack.System, e *stack.Evaluator) {
	t.Helper()
	s.Await("the end of the sweep to be told", stack.Patience, func() error {
		_, text, err := e.Ready()
		if err == nil && text != "ready\n" {
			err = fmt.Errorf("it is ready with %q", text)
		}
		return err
	})
	got := map[string]float64{}
	for _, name := range []string{"muster_sweeping", "muster_sweep_profiles", "muster_sweep_looked"} {
		sum, err := sumOf(s, e, name)
		if err != nil {
			t.Error(err)
		}
		got[name] = sum
	}
	profiles := got["muster_sweep_profiles"]
	if got["muster_sweeping"] != 0 || profiles == 0 || got["muster_sweep_looked"] != profiles {
		t.Errorf("after the sweep the metrics are %v", got)
	}
	awaitLog(s, e, "segments in force: added 1; all ")
}

// sumOf adds up a metric over all shards.
func sumOf(s *stack.System, e *stack.Evaluator, name string) (sum float64, err error) {
	for shard := range s.Shards {
		one, err := e.Metric(fmt.Sprintf(`%s{shard="%d"}`, name, shard))
		if err != nil {
			return 0, err
		}
		sum += one
	}
	return sum, nil
}

// awaitLog waits until an evaluator has logged some texts.
func awaitLog(s *stack.System, e *stack.Evaluator, texts ...string) {
	s.Await("the log to tell of the edit", stack.Patience, func() error {
		log := e.Log()
		if i := slices.IndexFunc(texts, func(text string) bool { return !strings.Contains(log, text) }); i >= 0 {
			return fmt.Errorf("there is no %q in it", texts[i])
		}
		return nil
	})
}
