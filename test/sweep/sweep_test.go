package sweep

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"muster/rules"
	"muster/test/kit/environment"
)

const (
	segments = 10_000
	stored   = 1_000_000 // profiles, unless MUSTER_SWEEP_PROFILES says otherwise

	warmUp    = 5 * time.Second  // at full speed
	full      = 10 * time.Second // at full speed, to find out what that is
	settle    = 5 * time.Second  // at the rate of the live events
	calm      = 20 * time.Second // before the sweep, and behind it
	liveShare = 3                // live events come at a third of full speed

	longest    = 60 * time.Second // for a million profiles
	slower     = 2                // times that a live record's 99th percentile may grow
	mostOfAll  = 0.25             // of the CPU of all segments that one may cost
	partOfAll  = 10               // all segments are evaluated on a tenth of the profiles
	quickCount = 20_000           // profiles of the test
	quickRules = 1000             // segments of the test
)

// TestSweep changes one segment and then all beside live events, and looks at
// who is in it.
func TestSweep(t *testing.T) {
	e := newEditions(t, quickRules)
	s := newStage(t, e.before, quickCount)
	s.play(quickCount / 10)
	for i, set := range []*rules.Set{e.after, e.before, e.all} {
		s.live.Publish(set)
		s.await(uint64(i+2), quickCount)
	}
	s.quieten()
	s.stop()
	s.verify()
}

// verify demands that the edited segment has the members of its twin, which
// always had the rule, and as many as its size says.
func (s *stage) verify() {
	s.tb.Helper()
	found := 0
	for shard := range shards {
		members, one := s.client.SMembersMap(s.tb.Context(), keyOf(shard, edited)).Result()
		same, other := s.client.SMembersMap(s.tb.Context(), keyOf(shard, twin)).Result()
		size, third := s.client.HGet(s.tb.Context(), sizesOf(shard), edited).Int()
		if err := errors.Join(one, other, third); err != nil {
			s.tb.Fatal(err)
		}
		if !maps.Equal(members, same) || size != len(members) {
			s.tb.Errorf("shard %d has %d members, its twin %d, and the size is %d", shard, len(members), len(same), size)
		}
		found += len(members)
	}
	s.tb.Logf("%d of %d profiles are in the segment", found, s.profiles)
	if found == 0 {
		s.tb.Error("nobody is in the segment")
	}
}

// BenchmarkSweep changes one segment while live events come at a third of the
// rate that the machine can take, then one more and at last all of them
// without live events.
//
//	sweep_seconds    for one changed segment beside live events, as if of a million profiles
//	p99_ratio        99th percentile of a live event's wait, during the sweep / without it
//	one_of_all       CPU that a profile costs, one changed segment / all, Redis included
//	one_us, all_us   that CPU
//	alone_seconds    for one changed segment without live events, as if of a million profiles
//	written_share    of the profiles, which the edit changed
func BenchmarkSweep(b *testing.B) {
	for b.Loop() {
		measure(b)
	}
}

func measure(b *testing.B) {
	profiles := number(b)
	e := newEditions(b, segments)
	start := time.Now()
	s := newStage(b, e.before, profiles)
	b.Logf("%d profiles stored in %.0f s", profiles, time.Since(start).Seconds())
	s.beside(b, e)
	s.quieten()
	s.verify()
	one := s.alone(b, e.before, 3, profiles)
	all := s.alone(b, e.all, 4, profiles/partOfAll)
	b.ReportMetric(one, "one_us")
	b.ReportMetric(all, "all_us")
	b.ReportMetric(one/all, "one_of_all")
	if one > mostOfAll*all {
		b.Errorf("one changed segment costs %.2f of all changed, want at most %.2f", one/all, mostOfAll)
	}
	s.stop()
}

// beside changes one segment beside live events. What these wait is compared
// with what they wait before it and behind it: the machine may have got other
// work meanwhile.
func (s *stage) beside(b *testing.B, e *editions) {
	b.Helper()
	rate := s.calibrate() / liveShare
	s.play(rate)
	time.Sleep(settle)
	before := s.watch("before", func() { time.Sleep(calm) })
	took := time.Duration(0)
	during := s.watch("during", func() {
		start := time.Now()
		s.live.Publish(e.after)
		s.await(2, int64(s.profiles))
		took = time.Since(start)
	})
	behind := s.watch("behind", func() { time.Sleep(calm) })
	b.Logf("live: %.0f records a second, a third of full speed; %.0f profiles looked at a second", rate, float64(s.profiles)/took.Seconds())
	usual := append(before, behind...)
	slices.Sort(usual)
	s.report(b, took, float64(quantile(during, 0.99))/float64(quantile(usual, 0.99)))
}

// calibrate returns how many records a second the machine can take.
func (s *stage) calibrate() float64 {
	s.play(fullSpeed)
	time.Sleep(warmUp)
	s.window()
	time.Sleep(full)
	taken, _ := s.window()
	s.quieten()
	return float64(taken) / full.Seconds()
}

// watch returns how long live records wait while something happens, ascending.
func (s *stage) watch(name string, what func()) []time.Duration {
	s.window()
	s.written()
	start, from, others := time.Now(), s.spent(), busy()
	what()
	took, own := time.Since(start).Seconds(), (s.spent() - from).Seconds()
	records, waits := s.window()
	s.tb.Logf("%s: p50 %s, p99 %s of %d records in %.0f s; %.2f of the processors are ours and %.2f others', %d profiles written",
		name, quantile(waits, 0.5).Round(time.Millisecond/10), quantile(waits, 0.99).Round(time.Millisecond), records, took,
		own/took, ((busy()-others).Seconds()-own)/took, s.written())
	return waits
}

// report demands what users may count on.
func (s *stage) report(b *testing.B, took time.Duration, slowed float64) {
	b.Helper()
	seconds := took.Seconds() * stored / float64(s.profiles)
	b.ReportMetric(float64(s.profiles), "profiles")
	b.ReportMetric(seconds, "sweep_seconds")
	b.ReportMetric(slowed, "p99_ratio")
	if seconds > longest.Seconds() {
		b.Errorf("a sweep of a million profiles takes %.0f s, want at most %.0f", seconds, longest.Seconds())
	}
	if slowed >= slower {
		b.Errorf("p99 during the sweep is %.1f times that without it, want less than %d", slowed, slower)
	}
}

// alone puts a rule set in force without live events, and returns the CPU in
// microseconds that each of the first profiles has cost.
func (s *stage) alone(b *testing.B, set *rules.Set, generation uint64, profiles int) float64 {
	b.Helper()
	s.written()
	start, from := time.Now(), s.spent()
	s.live.Publish(set)
	looked := float64(s.await(generation, int64(profiles)))
	spent, took := s.spent()-from, time.Since(start)
	share := float64(s.written()) / looked
	b.Logf("generation %d: %.0f profiles in %.1f s, %.0f a second, %.1f us of CPU each, %.3f written",
		generation, looked, took.Seconds(), looked/took.Seconds(), 1e6*spent.Seconds()/looked, share)
	if profiles == s.profiles {
		b.ReportMetric(took.Seconds()*stored/looked, "alone_seconds")
		b.ReportMetric(share, "written_share")
	}
	return 1e6 * spent.Seconds() / looked
}

func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1))]
}

// number is how many profiles are to be stored.
func number(b *testing.B) int {
	n := int(environment.Number(b, "MUSTER_SWEEP_PROFILES", stored))
	if n < 1000 {
		b.Fatalf("MUSTER_SWEEP_PROFILES is %d, it must be 1000 at least", n)
	}
	return n
}
