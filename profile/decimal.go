package profile

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// decimal is a sum of numbers as they are written in decimals, in units of
// 10^-24, as 192 bits in two's complement, the lowest first. Sums of it are
// exact, so neither order nor grouping makes a difference. A number is below
// 10^24, so it takes more than two billion of them to overflow.
type decimal [3]uint64

const (
	places   = 24          // digits behind the point that are kept
	greatest = 1e24        // numbers past it count as it
	e18      = 1e18        // the largest step of the conversions
	exact    = 1 << 53     // up to which whole numbers are exact in a float64
	fewCents = exact / 128 // hundredths up to which numbers are added as floats
)

// powersOfTen are those that fit a word.
var powersOfTen = func() (powers [20]uint64) {
	powers[0] = 1
	for i := range powers[1:] {
		powers[i+1] = 10 * powers[i]
	}
	return powers
}()

// decimalOf returns a number as it is written: of all decimals that are read
// as this float64 the shortest, which is what was sent if that had at most 15
// digits. Digits beyond the 24th place are rounded, half away from zero. What
// is no number, which only series of older versions have, counts as 0.
func decimalOf(f float64) decimal {
	if n, ok := hundredthsOf(f); ok {
		return hundredths(n)
	}
	return writtenDecimal(f)
}

// hundredthsOf returns a number with at most two digits behind the point in
// hundredths, which most numbers are. A quotient of two exact numbers is
// rounded once, as reading is, and of so few digits only one decimal is read
// as a given number.
func hundredthsOf(f float64) (n float64, ok bool) {
	const rounding = 3 << 51 // a number of this size has no digits behind the point
	n = f*100 + rounding - rounding
	return n, n/100 == f && n < fewCents && n > -fewCents
}

// writtenDecimal is decimalOf of any number.
func writtenDecimal(f float64) decimal {
	var d decimal
	switch magnitude := math.Abs(f); {
	case f != f:
		return d
	case magnitude >= greatest:
		d = decimal{1}.times(2 * places)
	default:
		var room [32]byte
		mantissa, digits, power := uint64(0), 0, 0
		text := strconv.AppendFloat(room[:0], magnitude, 'e', -1, 64)
		for i, c := range text {
			if c == 'e' {
				power, _ = strconv.Atoi(string(text[i+1:]))
				break
			}
			if c != '.' {
				mantissa, digits = 10*mantissa+uint64(c-'0'), digits+1
			}
		}
		d = shifted(mantissa, power-(digits-1)+places)
	}
	if f < 0 {
		return d.negative()
	}
	return d
}

// shifted is mantissa * 10^power, rounded half up.
func shifted(mantissa uint64, power int) decimal {
	switch {
	case power >= 0:
		return decimal{mantissa}.times(power)
	case -power >= len(powersOfTen): // a mantissa has at most 17 digits
		return decimal{}
	}
	by := powersOfTen[-power]
	return decimal{(mantissa + by/2) / by}
}

// times is d * 10^power, of a d that is not negative.
func (d decimal) times(power int) decimal {
	for power > 0 {
		step := min(power, len(powersOfTen)-1)
		by := powersOfTen[step]
		high0, low0 := bits.Mul64(d[0], by)
		high1, low1 := bits.Mul64(d[1], by)
		var carry uint64
		d[0] = low0
		d[1], carry = bits.Add64(low1, high0, 0)
		d[2] = d[2]*by + high1 + carry
		power -= step
	}
	return d
}

func (d decimal) plus(e decimal) decimal {
	var carry uint64
	d[0], carry = bits.Add64(d[0], e[0], 0)
	d[1], carry = bits.Add64(d[1], e[1], carry)
	d[2], _ = bits.Add64(d[2], e[2], carry)
	return d
}

func (d decimal) minus(e decimal) decimal {
	var borrow uint64
	d[0], borrow = bits.Sub64(d[0], e[0], 0)
	d[1], borrow = bits.Sub64(d[1], e[1], borrow)
	d[2], _ = bits.Sub64(d[2], e[2], borrow)
	return d
}

func (d decimal) negative() decimal { return decimal{}.minus(d) }

// split returns a decimal's magnitude and whether it is below 0.
func (d decimal) split() (magnitude decimal, negative bool) {
	if int64(d[2]) < 0 {
		return d.negative(), true
	}
	return d, false
}

// over divides what is not negative by a word.
func (d decimal) over(by uint64) (quotient decimal, rest uint64) {
	for i := len(d) - 1; i >= 0; i-- {
		quotient[i], rest = bits.Div64(rest, d[i], by)
	}
	return quotient, rest
}

// mean is d divided by a count, rounded once to the nearest float64.
func (d decimal) mean(count int64) float64 {
	magnitude, negative := d.split()
	f := 0.0
	millionths, rest := magnitude.over(e18)
	if divisor := float64(count) * 1e6; rest == 0 && millionths[1] == 0 && millionths[2] == 0 && millionths[0] <= exact && divisor <= exact {
		f = float64(millionths[0]) / divisor // a quotient of exact numbers is rounded once
	} else {
		f = magnitude.slowMean(count)
	}
	if negative {
		return -f
	}
	return f
}

// slowMean is mean of any magnitude.
func (d decimal) slowMean(count int64) float64 {
	whole := new(big.Int)
	for i := len(d) - 1; i >= 0; i-- {
		whole.Or(whole.Lsh(whole, 64), new(big.Int).SetUint64(d[i]))
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(places), nil)
	f, _ := new(big.Rat).SetFrac(whole, unit.Mul(unit, big.NewInt(count))).Float64()
	return f
}

// float is the float64 that is nearest to d.
func (d decimal) float() float64 { return d.mean(1) }

// sumOf adds numbers up. Most are whole or have two digits behind the point,
// and a few of these are added as whole numbers.
func sumOf(nums []float64) decimal {
	var total decimal
	sum := 0.0
	for _, v := range nums {
		n, ok := hundredthsOf(v)
		if !ok {
			total = total.plus(writtenDecimal(v))
			continue
		}
		if sum += n; sum > exact/2 || sum < -exact/2 {
			total, sum = total.plus(hundredths(sum)), 0
		}
	}
	return total.plus(hundredths(sum))
}

// fewHundredths adds up a few numbers that have all at most two digits behind
// the point, in hundredths; it fails where one has more.
func fewHundredths(nums []float64) (sum float64, ok bool) {
	for _, v := range nums {
		n, ok := hundredthsOf(v)
		if !ok {
			return 0, false
		}
		sum += n
	}
	return sum, len(nums) <= exact/fewCents/2
}

// hundredths is a decimal of so many hundredths, a whole number.
func hundredths(n float64) decimal { return wholeHundredths(int64(n)) }

// wholeHundredths is a decimal of so many hundredths.
func wholeHundredths(n int64) decimal {
	if n < 0 {
		return decimal{uint64(-n)}.times(places - 2).negative()
	}
	return decimal{uint64(n)}.times(places - 2)
}
