package snapshot

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestTheBandHoldsTheTruth: of 1,000 rules whose shares are drawn from 0.1 % to
// 99.9 %, as many near both ends as in between, the band has the truth in 94 to
// 99 of 100, whatever part of the profiles is seen.
func TestTheBandHoldsTheTruth(t *testing.T) {
	const rules, all = 1000, 20_000
	prefixes := []int64{256, 512, 1024, 2048, 5000, 10_000, 15_000, 19_000}
	r := rand.New(rand.NewPCG(19, 1))
	inside := make([]int, len(prefixes))
	for range rules {
		odds := math.Exp((2*r.Float64() - 1) * math.Log(999))
		members := int64(math.Round(all * odds / (1 + odds)))
		// Drawing the profiles one by one, without putting any back.
		found, left, next := int64(0), members, 0
		for seen := int64(1); next < len(prefixes); seen++ {
			if r.Int64N(all-seen+1) < left {
				found++
				left--
			}
			if seen == prefixes[next] {
				if b := BandOf(found, seen, all); b.Low <= members && members <= b.High {
					inside[next]++
				}
				next++
			}
		}
	}
	for i, n := range inside {
		t.Logf("after %5d of %d profiles the band has the truth of %d of %d rules", prefixes[i], all, n, rules)
		if n < rules*94/100 || n > rules*99/100 {
			t.Errorf("after %d profiles the band has the truth of %d of %d rules", prefixes[i], n, rules)
		}
	}
}

// TestTheBandIsAboutAsWideAsItMustBe: it is near the one of the normal
// distribution where that is right, and closes as the rest is seen.
func TestTheBandIsAboutAsWideAsItMustBe(t *testing.T) {
	for _, seen := range []int64{10_000, 500_000, 990_000} {
		const all = 1_000_000
		b := BandOf(seen/4, seen, all)
		want := 2 * sureness * math.Sqrt(0.25*0.75/float64(seen)*(1-float64(seen)/all)) * all
		if got := float64(b.High - b.Low); math.Abs(got-want) > 0.02*want+all/float64(seen) {
			t.Errorf("after %d the band is %+v, %.0f wide; want about %.0f", seen, b, got, want)
		}
	}
}

// TestTheBandNeverDeniesWhatWasSeen holds for every sample of small populations.
func TestTheBandNeverDeniesWhatWasSeen(t *testing.T) {
	for all := int64(0); all <= 40; all++ {
		for seen := int64(0); seen <= all; seen++ {
			for found := int64(0); found <= seen; found++ {
				b := BandOf(found, seen, all)
				if b.Low < found || b.High > all-(seen-found) || b.Low > b.Estimate || b.Estimate > b.High {
					t.Fatalf("%d found of %d seen of %d gives %+v", found, seen, all, b)
				}
				if seen == all && b != (Band{found, found, found}) {
					t.Fatalf("all %d are seen and %d found, which gives %+v", all, found, b)
				}
			}
		}
	}
}
