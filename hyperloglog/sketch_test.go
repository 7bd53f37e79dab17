package hyperloglog

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"muster/test/kit/redis"
)

// sketch is the sketch of customers from first on and before end.
func sketch(first, end int) *Sketch {
	s := &Sketch{}
	for i := first; i < end; i++ {
		s.Add(Hash(customer(i)))
	}
	return s
}

func customer(i int) []byte { return fmt.Appendf(nil, "customer-%d-%s", i, "12345678"[:i%9]) }

// What Redis would have counted, it counts of the stored form too: alone, in a
// union with a counter of its own, and after further additions.
func TestRedisCountsTheStoredForm(t *testing.T) {
	c := redis.Start(t).Client(t)
	for _, n := range []int{0, 1, 2, 100, 700, 1500, 5000, 100_000} {
		s := sketch(0, n)
		own := fmt.Sprint("own", n)
		for i := 0; i < n; i += 500 {
			var texts []any
			for j := i; j < min(n, i+500); j++ {
				texts = append(texts, customer(j))
			}
			if err := c.PFAdd(t.Context(), own, texts...).Err(); err != nil {
				t.Fatal(err)
			}
		}
		want, err := c.PFCount(t.Context(), own).Result()
		if err != nil {
			t.Fatal(err)
		}
		key := fmt.Sprint("key", n)
		if err := c.Set(t.Context(), key, s.Append(nil), 0).Err(); err != nil {
			t.Fatal(err)
		}
		if got, err := c.PFCount(t.Context(), key).Result(); err != nil || got != want || s.Estimate() != want {
			t.Errorf("%d: redis counts %d of the form and %d of its own, and the estimate is %d: %v", n, got, want, s.Estimate(), err)
		}
		if got, err := c.PFCount(t.Context(), key, own).Result(); err != nil || got != want {
			t.Errorf("%d: the union with the same counter is %d, want %d: %v", n, got, want, err)
		}
		more := c.PFAdd(t.Context(), key, "another", "and another").Err()
		own2 := c.PFAdd(t.Context(), own, "another", "and another").Err()
		if a, b := c.PFCount(t.Context(), key).Val(), c.PFCount(t.Context(), own).Val(); more != nil || own2 != nil || a != b {
			t.Errorf("%d: after additions redis counts %d and %d: %v, %v", n, a, b, more, own2)
		}
	}
}

// Ranks of all heights, which hashes seldom have, are stored as they are.
func TestRedisReadsEveryRank(t *testing.T) {
	c := redis.Start(t).Client(t)
	r := rand.New(rand.NewPCG(6, 14))
	for _, fill := range []int{3, 300, 900, registers} {
		for _, most := range []int{2, maxRunRank, rankBits + 1} {
			s := &Sketch{}
			for range fill {
				s.raise(r.Uint32N(registers), uint8(1+r.IntN(most)))
			}
			if err := c.Set(t.Context(), "k", s.Append(nil), 0).Err(); err != nil {
				t.Fatal(err)
			}
			if got, err := c.PFCount(t.Context(), "k").Result(); err != nil || got != s.Estimate() {
				t.Errorf("%d registers up to %d: redis counts %d, want %d: %v", fill, most, got, s.Estimate(), err)
			}
		}
	}
}

// The order and repeats make no difference, nor does whether a set was added
// at once or is the union of parts, few or many.
func TestTheSameSetGivesTheSameBytes(t *testing.T) {
	for _, n := range []int{10, maxFew, 3 * maxFew, 40_000} {
		want := sketch(0, n).Append(nil)
		other := &Sketch{}
		for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
			other.Add(Hash(customer(i)))
			other.Add(Hash(customer(i / 2)))
		}
		union := sketch(n/3, n)
		union.Merge(sketch(0, n/2))
		if !bytes.Equal(other.Append(nil), want) || !bytes.Equal(union.Append([]byte("x"))[1:], want) {
			t.Errorf("%d customers have several sketches", n)
		}
	}
}

// Estimates stay within five standard errors, and of no text the estimate is 0.
func TestEstimatesAreNear(t *testing.T) {
	if n := (&Sketch{}).Estimate(); n != 0 {
		t.Errorf("of no text the estimate is %d", n)
	}
	for _, n := range []int{1, 50, 1000, 20_000, 300_000} {
		if got := sketch(0, n).Estimate(); math.Abs(float64(got)/float64(n)-1) > 5*0.0081 {
			t.Errorf("of %d the estimate is %d", n, got)
		}
	}
}

// A small set takes little room.
func TestFewMembersTakeFewBytes(t *testing.T) {
	for n, most := range map[int]int{0: 18, 1: 22, 100: 420, 100_000: headerBytes + registers*6/8} {
		if got := len(sketch(0, n).Append(nil)); got > most {
			t.Errorf("%d members take %d bytes, more than %d", n, got, most)
		}
	}
}
