package hyperloglog

import (
	"errors"
	"math"
	"testing"

	"muster/test/kit/redis"
)

// Of two sets whose overlap is known, the truth lies in the band in some 95 of
// 100 cases, and the estimate is about as near as the paper has it.
func TestJointEstimates(t *testing.T) {
	inside, all := 0, 0
	for _, one := range []struct {
		a, b, both int
		error      float64 // that the root mean square may be, a part of the truth
	}{{30_000, 30_000, 20_000, 0.03}, {50_000, 20_000, 10_000, 0.05}, {40_000, 40_000, 7_000, 0.12}, {20_000, 300, 150, 1.5}, {5_000, 5_000, 5_000, 0.02}} {
		const trials = 16
		squares := 0.0
		for trial := range trials {
			begin := (trial + 1) * 1_000_000
			o := Joint(sketch(begin, begin+one.a), sketch(begin+one.a-one.both, begin+one.a-one.both+one.b))
			squares += math.Pow(o.Both/float64(one.both)-1, 2)
			if all++; o.Low <= float64(one.both) && float64(one.both) <= o.High {
				inside++
			}
			if o.Low > o.Both || o.Both > o.High {
				t.Errorf("%d is not within its band from %f to %f", one.both, o.Low, o.High)
			}
		}
		if rms := math.Sqrt(squares / trials); rms > one.error {
			t.Errorf("%d and %d with %d in both: the error is %.3f", one.a, one.b, one.both, rms)
		}
	}
	if share := float64(inside) / float64(all); share < 0.88 {
		t.Errorf("the truth is in %.2f of the bands", share)
	}
	t.Logf("the truth is in %d of %d bands", inside, all)
}

// Where there is little or nothing in both, the band begins at or near 0.
func TestJointOfStrangers(t *testing.T) {
	o := Joint(sketch(0, 20_000), sketch(50_000, 70_000))
	if o.Low > 200 || o.Both > 1500 || o.High < o.Both || o.High > 3000 {
		t.Errorf("%+v", o)
	}
	if o := Joint(&Sketch{}, sketch(0, 100)); o.Both != 0 || o.High != 0 || o.OnlyB != 100 {
		t.Errorf("of nobody and a hundred: %+v", o)
	}
}

// What Redis has counted by itself is read as it is.
func TestMergeFormReadsWhatRedisWrites(t *testing.T) {
	c := redis.Start(t).Client(t)
	for _, n := range []int{0, 1, 50, 700, 3000, 60_000} {
		var texts []any
		for i := range n {
			if texts = append(texts, customer(i)); len(texts) == 500 || i == n-1 {
				if err := c.PFAdd(t.Context(), "k", texts...).Err(); err != nil {
					t.Fatal(err)
				}
				texts = texts[:0]
			}
		}
		if n == 0 {
			if err := c.PFAdd(t.Context(), "k").Err(); err != nil {
				t.Fatal(err)
			}
		}
		form, err := c.Get(t.Context(), "k").Bytes()
		if err != nil {
			t.Fatal(err)
		}
		var s Sketch
		if err := s.MergeForm(form); err != nil || s.Estimate() != sketch(0, n).Estimate() {
			t.Errorf("%d: %d, want %d: %v", n, s.Estimate(), sketch(0, n).Estimate(), err)
		}
		for _, cut := range []int{0, 3, headerBytes - 1, len(form) - 1} {
			if err := new(Sketch).MergeForm(form[:cut]); !errors.Is(err, ErrForm) {
				t.Errorf("%d: %d of %d bytes: %v", n, cut, len(form), err)
			}
		}
	}
}
