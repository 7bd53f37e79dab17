package snapshot

import "math"

// Band is an estimate of how many of a number of profiles a rule has.
type Band struct {
	Estimate int64 `json:"estimate"`
	// The truth is from Low to High in 95 of 100 cases.
	Low  int64 `json:"low"`
	High int64 `json:"high"`
}

// sureness is how many standard deviations hold 95 % of a normal distribution.
const sureness = 1.959963984540054

// BandOf estimates how many of all profiles a rule has, of which found are among
// those seen, a random sample without replacement.
//
// It is Wilson's score interval with the correction for continuity (R. G.
// Newcombe, Two-sided confidence intervals for the single proportion, Statistics
// in Medicine 17, 1998, method 4). The variance in it is the one of a sample
// from a finite population, that of the hypergeometric distribution, which is
// (all-seen)/(all-1) of the binomial one (W. G. Cochran, Sampling Techniques, 3rd
// edition, 1977, section 3.2). So the band closes when everything is seen. It
// never denies what was seen: found profiles are in, seen-found are not.
func BandOf(found, seen, all int64) Band {
	if seen >= all {
		return Band{found, found, found}
	}
	if seen == 0 {
		return Band{0, 0, all}
	}
	n, whole := float64(seen), float64(all)
	share := float64(found) / n
	w := sureness * sureness / n * (whole - n) / (whole - 1)
	b := Band{
		Estimate: int64(math.Round(share * whole)),
		Low:      int64(math.Ceil(whole * scoreEnd(share-0.5/n, w, -1))),
		High:     int64(math.Floor(whole * scoreEnd(share+0.5/n, w, 1))),
	}
	least, most := found, all-(seen-found)
	b.Low, b.High = max(least, min(b.Low, most)), min(most, max(b.High, least))
	b.Estimate = max(b.Low, min(b.Estimate, b.High))
	return b
}

// scoreEnd is the share p at one end of a score interval: where (p-a)^2 is
// w*p*(1-p). It is 0 or 1 where a is beyond all shares.
func scoreEnd(a, w, side float64) float64 {
	if a <= 0 || a >= 1 {
		return max(0, min(a, 1))
	}
	return (2*a + w + side*math.Sqrt(w*w+4*w*a*(1-a))) / (2 * (1 + w))
}
