package insights

import (
	"math"
	"math/rand/v2"
	"testing"
)

// slowDiscoveries is what the procedure finds at a rate, as it is written: the
// largest k whose k-th smallest p-value is at most k/m of the rate, and all up
// to that.
func slowDiscoveries(p []float64, rate float64) []bool {
	least := -1.0
	for _, one := range p {
		k := 0
		for _, other := range p {
			if other <= one {
				k++
			}
		}
		if one <= float64(k)/float64(len(p))*rate {
			least = max(least, one)
		}
	}
	found := make([]bool, len(p))
	for i, one := range p {
		found[i] = one <= least
	}
	return found
}

func TestAdjustedFindsWhatTheProcedureFinds(t *testing.T) {
	r, found := rand.New(rand.NewPCG(4, 4)), 0
	for range 300 {
		p := make([]float64, 1+r.IntN(40))
		for i := range p {
			p[i] = math.Pow(r.Float64(), 1+6*r.Float64())
			if r.IntN(4) == 0 && i > 0 {
				p[i] = p[i-1] // ties
			}
		}
		q := adjusted(p)
		for i, want := range slowDiscoveries(p, falseDiscoveries) {
			if got := q[i] <= falseDiscoveries; got != want {
				t.Fatalf("%v: q is %v, and %v is found: %v", p, q[i], p[i], want)
			}
			if q[i] <= falseDiscoveries {
				found++
			}
			if q[i] < p[i] || q[i] > 1 {
				t.Fatalf("p is %v and q %v", p[i], q[i])
			}
		}
	}
	if found < 100 {
		t.Errorf("%d are found, which proves little", found)
	}
}

// TestKnownAdjusted holds q-values against scipy.stats.false_discovery_control.
func TestKnownAdjusted(t *testing.T) {
	p := []float64{0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216, 0.222, 0.251, 0.269, 0.275, 0.34, 0.341, 0.384, 0.569, 0.594, 0.696, 0.762, 0.94, 0.942, 0.975, 0.986}
	want := []float64{0.025, 0.1, 0.21, 0.21, 0.21, 0.25, 0.2642857143, 0.4910714286, 0.4910714286, 0.4910714286, 0.4910714286, 0.4910714286, 0.4910714286, 0.4910714286, 0.5328125, 0.5328125, 0.5647058824, 0.7815789474, 0.7815789474, 0.87, 0.9071428571, 0.986, 0.986, 0.986, 0.986}
	for i, got := range adjusted(p) {
		if math.Abs(got-want[i]) > 1e-9 {
			t.Errorf("q of %v is %v; want %v", p[i], got, want[i])
		}
	}
	if len(adjusted(nil)) != 0 {
		t.Error("no comparison has a q-value")
	}
}
