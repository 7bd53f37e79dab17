package insights_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"muster/insights"
	"muster/profile"
	"muster/snapshot"
	"muster/test/kit/crowd"
)

const (
	manySegments = 10_000
	// levels are the sizes that segments have, as many of each: from 0.01 % to 30 %
	// of all, each the same factor above the one before. A profile is in 370.
	levels        = 20
	smallest      = 0.0001
	largest       = 0.3
	audienceLevel = 17 // some 11 % of all
	rounds        = 5
	// profileAim bounds a profile of an audience, on two processors.
	profileAim = time.Second
)

// BenchmarkProfile tells what sets an audience of some 11 % apart among
// 1,000,000 profiles (MUSTER_INSIGHTS_PROFILES), in 10,000 segments and the 200
// values of a trait. Half of the segments are a third more frequent in it.
//
// An op is five of them.
//
//	best_ms        the fastest of all, which the aim is about
//	fill_s         making the profiles up and the columns of them
//	column_mb      the columns
//	profiles_held  of what there are, within snapshot.memory by default
//	differ         findings that differ by more than chance
func BenchmarkProfile(b *testing.B) {
	c, filled := large(b, profiles(b))
	members, _ := c.Members(segmentAt(audienceLevel, 0))
	audience := insights.Group{Name: "audience", Segment: segmentAt(audienceLevel, 0), Of: members}
	best, differ := time.Hour, 0
	for b.Loop() {
		for range rounds {
			begun := time.Now()
			p, err := insights.ProfileOf(b.Context(), c, audience, nil)
			if err != nil {
				b.Fatal(err)
			}
			if len(p.Top(20)) != 20 {
				b.Fatalf("%d of %d differ", p.Differ, p.Compared)
			}
			best, differ = min(best, time.Since(begun)), p.Differ
		}
	}
	b.ReportMetric(float64(best.Microseconds())/1000, "best_ms")
	b.ReportMetric(filled.Seconds(), "fill_s")
	b.ReportMetric(float64(c.Bytes())/1e6, "column_mb")
	b.ReportMetric(float64(c.Held()), "profiles_held")
	b.ReportMetric(float64(differ), "differ")
	if best > profileAim {
		b.Errorf("a profile of an audience takes %v; the aim is %v", best, profileAim)
	}
	if c.Held() != c.All() || c.Bytes() > snapshot.Default().Memory {
		b.Errorf("%d of %d profiles are held in %d bytes: all must fit the default of snapshot.memory", c.Held(), c.All(), c.Bytes())
	}
}

func profiles(b *testing.B) int {
	b.Helper()
	text := os.Getenv("MUSTER_INSIGHTS_PROFILES")
	if text == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1000 {
		b.Fatalf("MUSTER_INSIGHTS_PROFILES is %q; it must be a number from 1000 on", text)
	}
	return n
}

func segmentAt(level, i int) string { return fmt.Sprintf("level-%02d-%03d", level, i) }

// large fills columns, and tells how long that took.
func large(b *testing.B, profiles int) (*snapshot.Columns, time.Duration) {
	b.Helper()
	c := &crowd.Crowd{Profiles: profiles}
	for level := range levels {
		for i := range manySegments / levels {
			c.Segments = append(c.Segments, segmentAt(level, i))
		}
	}
	r := rand.New(rand.NewPCG(19, 9))
	c.Join = func(_ int, members *profile.Members) { joinMany(r, members) }
	c.Traits = func(i int) map[string]any { return map[string]any{"country": fmt.Sprint("C", i*7%200)} }
	begun := time.Now()
	columns, err := snapshot.FillColumns(b.Context(), c, snapshot.Default(), snapshot.Wanted{Traits: []string{"country"}}, func(int64) {})
	if err != nil {
		b.Fatal(err)
	}
	return columns, time.Since(begun)
}

// joinMany puts a profile into segments: from one that it is in it jumps to the
// next of that size.
func joinMany(r *rand.Rand, members *profile.Members) {
	const each = manySegments / levels
	shareOf := func(level int) float64 {
		return smallest * math.Pow(largest/smallest, float64(level)/(levels-1))
	}
	audience := r.Float64() < shareOf(audienceLevel)
	for level := range levels {
		share := shareOf(level)
		if audience && level%2 == 1 {
			share *= 4.0 / 3
		}
		stay := math.Log1p(-share)
		for i := int(math.Log(1-r.Float64()) / stay); i < each; i += 1 + int(math.Log(1-r.Float64())/stay) {
			members.Set(level*each+i, true)
		}
	}
	members.Set(audienceLevel*each, audience)
}
