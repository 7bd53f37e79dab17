package insights

import "math"

// tie is by how much, relative to it, a table may be likelier than the one that
// was seen and still count as not likelier: what rounding does to equal ones.
const tie = 1e-7

// enough is the part of a sum of which a further term no longer matters.
const enough = 1e-17

// exactTest is the p-value of two shares a/na and b/nb, two-sided: how probable
// it is, were both groups drawn from the same people, to see tables that are as
// unlikely as this one or less likely.
//
// It is Fisher's exact test (R. A. Fisher, Statistical Methods for Research
// Workers, 5th edition, 1934, section 21.02). Of ten thousand segments many are
// so small that tests which take the counts for normal say "significant" of a
// single member by chance. This one says so too seldom, if at all.
func exactTest(a, na, b, nb int64) float64 {
	h := hypergeometric{draws: na, members: a + b, all: na + nb}
	least, most := h.ends()
	if least == most {
		return 1
	}
	observed := h.log(a)
	if a <= h.mode() {
		p := h.tail(a, -1)
		if other := max(a+1, h.unlikely(h.mode(), most, 1, observed)); other <= most {
			p += h.tail(other, 1)
		}
		return min(p, 1)
	}
	p := h.tail(a, 1)
	if other := h.unlikely(h.mode(), least, -1, observed); other >= least {
		p += h.tail(other, -1)
	}
	return min(p, 1)
}

// hypergeometric is how many members are among so many draws from all, without
// putting any back.
type hypergeometric struct{ draws, members, all int64 }

// ends are the fewest and the most members that can be drawn.
func (h hypergeometric) ends() (least, most int64) {
	return max(0, h.draws-(h.all-h.members)), min(h.draws, h.members)
}

// mode is the likeliest number: below it probabilities rise, and above it fall.
func (h hypergeometric) mode() int64 {
	least, most := h.ends()
	return max(least, min(most, int64(float64(h.draws+1)*float64(h.members+1)/float64(h.all+2))))
}

// log is the logarithm of the probability of a number.
func (h hypergeometric) log(x int64) float64 {
	return logChoose(h.members, x) + logChoose(h.all-h.members, h.draws-x) - logChoose(h.all, h.draws)
}

func logChoose(n, k int64) float64 {
	whole, _ := math.Lgamma(float64(n + 1))
	chosen, _ := math.Lgamma(float64(k + 1))
	rest, _ := math.Lgamma(float64(n - k + 1))
	return whole - chosen - rest
}

// ratio is the probability of x+1 against that of x.
func (h hypergeometric) ratio(x int64) float64 {
	return float64(h.members-x) * float64(h.draws-x) / (float64(x+1) * float64(h.all-h.members-h.draws+x+1))
}

// tail sums the probabilities from x on to one end, along which they fall.
func (h hypergeometric) tail(x, step int64) float64 {
	least, most := h.ends()
	term := math.Exp(h.log(x))
	sum := term
	for term > sum*enough {
		if step > 0 {
			if x == most {
				break
			}
			term *= h.ratio(x)
		} else {
			if x == least {
				break
			}
			term /= h.ratio(x - 1)
		}
		x += step
		sum += term
	}
	return sum
}

// unlikely is the number nearest to the mode, from it to an end, that is no
// likelier than what was observed; a step beyond the end if there is none.
func (h hypergeometric) unlikely(mode, end, step int64, observed float64) int64 {
	inside, outside := int64(0), (end-mode)*step+1 // in steps from the mode
	if h.log(mode) <= observed+tie {
		return mode
	}
	for outside-inside > 1 {
		if middle := (inside + outside) / 2; h.log(mode+middle*step) <= observed+tie {
			outside = middle
		} else {
			inside = middle
		}
	}
	return mode + outside*step
}
