package engine_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"muster/event"
	"muster/rules"
)

const tooLong = "a set this large takes seconds to compile; runs without -short (make test)"

// TestSetsOfEverySize follows a profile through sets around the sizes of
// words and numbers: a bitset's word has 64 bits, a cell 16.
func TestSetsOfEverySize(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 65_535, 100_000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			if n > 1000 && testing.Short() {
				t.Skip(tooLong)
			}
			s := newSubject(compileNumbered(t, n, func(i int) string {
				switch i % 4 {
				case 0:
					return fmt.Sprintf(`traits.n >= %d`, i)
				case 1:
					return fmt.Sprintf(`traits.n == %d`, i)
				case 2:
					return fmt.Sprintf(`traits.w in ["w%d", "w%d"]`, i, i+4)
				}
				return fmt.Sprintf(`traits.n < %d and traits.w != "w%d"`, i, i)
			}))
			var n1 *float64
			w := -1 // traits.w is the word of this number; there is none below 0
			check := func(of string) {
				s.expect(t, of, func(i int) bool {
					switch i % 4 {
					case 0:
						return n1 != nil && *n1 >= float64(i)
					case 1:
						return n1 != nil && *n1 == float64(i)
					case 2:
						return w == i || w == i+4
					}
					return n1 != nil && *n1 < float64(i) && w != i
				})
			}
			check("nothing")
			for _, v := range []float64{-1, 0, float64(n/2 - n/2%4 + 1), float64(n) - 0.5, float64(n - 1), float64(n), 1e9, 0} {
				s.put(t, "n", number(v))
				n1 = &v
				check(fmt.Sprint("n = ", v))
			}
			for _, i := range []int{2, n - 1, n - 2, n - 3, n - 4, n + 1} {
				w = i
				s.put(t, "w", text(fmt.Sprintf("w%d", i)))
				check(fmt.Sprint("w = w", i))
			}
			s.put(t, "n", event.Value{})
			n1 = nil
			check("n taken away")
		})
	}
}

// TestAHundredThousandConstants: rules compare one attribute with 100,000
// texts and numbers, more than one scale has room for.
func TestAHundredThousandConstants(t *testing.T) {
	if testing.Short() {
		t.Skip(tooLong)
	}
	const equal, in, above = 30_000, 5_000, 20_000
	word := func(i int) string { return fmt.Sprintf("c%d", i) }
	s := newSubject(compileNumbered(t, equal+in+above, func(i int) string {
		switch {
		case i < equal:
			return fmt.Sprintf("traits.x == %q", word(i))
		case i < equal+in:
			first := equal + 10*(i-equal)
			var list []string
			for k := range 10 {
				list = append(list, fmt.Sprintf("%q", word(first+k)))
			}
			return "traits.x in [" + strings.Join(list, ", ") + "]"
		}
		return fmt.Sprintf("traits.x > %d", 2*(i-equal-in))
	}))
	check := func(v event.Value) {
		t.Helper()
		s.put(t, "x", v)
		at := -1
		if v.Kind() == event.KindString {
			if _, err := fmt.Sscanf(v.Text(), "c%d", &at); err != nil {
				at = -1
			}
		}
		s.expect(t, "x = "+spell(v), func(i int) bool {
			switch {
			case i < equal:
				return i == at
			case i < equal+in:
				return at >= equal && at < equal+10*in && i-equal == (at-equal)/10
			}
			return v.Kind() == event.KindNumber && v.Number() > float64(2*(i-equal-in))
		})
	}
	r := rand.New(rand.NewPCG(1, 1))
	last := 2 * (above - 1)
	values := []event.Value{
		text(word(0)), text(word(equal - 1)), text(word(equal)), text(word(equal + 10*in - 1)), text(word(equal + 10*in)), text("between"), text(""),
		number(-0.5), number(0), number(0.5), number(float64(last)), number(float64(last) - 0.5), number(float64(last) + 0.5), number(1e300), number(-1e300),
		event.BoolOf(true), {}, event.ArrayOf([]event.Value{text(word(0))}),
	}
	for range 12 {
		values = append(values, text(word(r.IntN(equal+10*in))), number(float64(r.IntN(last))), number(float64(r.IntN(last))+0.5))
	}
	for _, v := range values {
		check(v)
	}
}

// TestAHundredThousandNumbersInLists is the same for numbers in lists and
// equality, whose cells have no room between each other.
func TestAHundredThousandNumbersInLists(t *testing.T) {
	if testing.Short() {
		t.Skip(tooLong)
	}
	const lists, width, singles = 1_000, 60, 40_000
	s := newSubject(compileNumbered(t, lists+singles, func(i int) string {
		if i >= lists {
			return fmt.Sprintf("traits.x == %d", lists*width+i-lists)
		}
		var list []string
		for k := range width {
			list = append(list, fmt.Sprint(i+k*lists))
		}
		return "traits.x not in [" + strings.Join(list, ",") + "]"
	}))
	total := lists*width + singles
	for _, v := range []float64{-1, 0, 0.5, lists - 1, lists, 29_999, 30_000, 30_001, lists*width - 1, lists * width, float64(total - 1), float64(total), 7} {
		s.put(t, "x", number(v))
		s.expect(t, fmt.Sprint("x = ", v), func(i int) bool {
			if i >= lists {
				return v == float64(lists*width+i-lists)
			}
			return v < 0 || v >= lists*width || v != float64(int(v)) || int(v)%lists != i
		})
	}
}

// TestTenThousandRulesOnOneAttribute: intervals of every length, so that a
// move passes over many boundaries.
func TestTenThousandRulesOnOneAttribute(t *testing.T) {
	const n = 10_000
	low := func(i int) float64 { return float64(i * 7 % 5000) }
	high := func(i int) float64 { return low(i) + float64(i%97) }
	s := newSubject(compileNumbered(t, n, func(i int) string {
		return fmt.Sprintf("traits.x >= %v and traits.x < %v", low(i), high(i))
	}))
	r := rand.New(rand.NewPCG(2, 2))
	for k := range 60 {
		v := float64(r.IntN(11_000)-400) / 2
		if k%3 == 2 {
			v = float64(int(v)) + float64(k%2)
		}
		s.put(t, "x", number(v))
		s.expect(t, fmt.Sprint("x = ", v), func(i int) bool { return v >= low(i) && v < high(i) })
	}
	s.put(t, "x", text("5"))
	s.expect(t, "a text", func(int) bool { return false })
}

// TestARuleOfExactlyTheLimit has 16 KB, and with a byte more none.
func TestARuleOfExactlyTheLimit(t *testing.T) {
	head, tail := `traits.d in [`, `"last"] and traits.e > 2`
	var b strings.Builder
	b.WriteString(head)
	for i := 0; b.Len()+len(tail)+40 < rules.MaxSource; i++ {
		fmt.Fprintf(&b, `"w%d",`, i)
	}
	filler := strings.Repeat("x", rules.MaxSource-b.Len()-len(tail)-3)
	b.WriteString(`"` + filler + `",` + tail)
	if b.Len() != rules.MaxSource {
		t.Fatalf("the rule has %d bytes", b.Len())
	}
	s := newSubject(compileNumbered(t, 1, func(int) string { return b.String() }))
	s.put(t, "e", number(3))
	for _, word := range []string{"w0", "w77", filler, "last"} {
		s.put(t, "d", text("other"))
		s.expect(t, "other", func(int) bool { return false })
		s.put(t, "d", text(word))
		s.expect(t, word, func(int) bool { return true })
	}
	if _, err := rules.Compile([]rules.Segment{rules.NewSegment("s", b.String()+" ")}); err == nil {
		t.Error("one byte more is no mistake")
	}
}

// TestMoreAttributesThanScales: a cell's scale has 16 bits for its number,
// so the rules on further attributes are computed.
func TestMoreAttributesThanScales(t *testing.T) {
	if testing.Short() {
		t.Skip(tooLong)
	}
	const n = 1<<16 + 50
	s := newSubject(compileNumbered(t, n, func(i int) string {
		if i%2 == 0 {
			return fmt.Sprintf("traits.a%d > 5 and traits.a0 != 1", i)
		}
		return fmt.Sprintf("traits.a%d not in [5, 6]", i)
	}))
	values := map[int]float64{}
	for _, i := range []int{1, 2, 1<<16 - 2, 1<<16 - 1, 1 << 16, 1<<16 + 1, 1<<16 + 2, n - 2, n - 1, 0} {
		for _, v := range []float64{5, 6, 7, 1} {
			s.put(t, fmt.Sprintf("a%d", i), number(v))
			values[i] = v
			s.expect(t, fmt.Sprintf("a%d = %v", i, v), func(k int) bool {
				if k%2 == 0 {
					return values[k] > 5 && values[0] != 1
				}
				return values[k] != 5 && values[k] != 6
			})
		}
		if i%2 == 0 {
			s.put(t, fmt.Sprintf("a%d", i), number(9))
			values[i] = 9
		}
	}
}
