package event

import "strconv"

// powersOfTen are all exact in a float64.
var powersOfTen = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
}

// parseNumber returns the float64 nearest to a JSON number. It refuses what
// fastjson lets through: NaN, infinities, and forms like 01, +1, 1. and 1-2.
func parseNumber(text []byte) (float64, error) {
	n := readNumber(text)
	if !n.ok {
		return 0, reject("", "%s is not a JSON number", clip(string(text)))
	}
	// A quotient of two exact float64 is rounded once, hence correctly.
	if !n.exponent && n.digits < len(powersOfTen) && n.mantissa <= 1<<53 {
		f := float64(n.mantissa) / powersOfTen[n.fraction]
		if text[0] == '-' {
			return -f, nil
		}
		return f, nil
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return 0, reject("", "%s is too large for a number", clip(string(text)))
	}
	return f, nil
}

// number is the outcome of reading a JSON number's text.
type number struct {
	mantissa uint64 // all digits before the exponent; meaningful up to 18 of them
	digits   int    // how many these are
	fraction int    // how many of them stand behind the point
	exponent bool   // whether there is an exponent
	ok       bool   // whether the text is a JSON number at all
}

func readNumber(text []byte) number {
	var n number
	i := 0
	if len(text) > 0 && text[0] == '-' {
		i++
	}
	whole := n.read(text[i:])
	if whole == 0 || whole > 1 && text[i] == '0' {
		return n
	}
	i += whole
	if i < len(text) && text[i] == '.' {
		n.fraction = n.read(text[i+1:])
		if n.fraction == 0 {
			return n
		}
		i += 1 + n.fraction
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		n.exponent = true
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		var power number
		digits := power.read(text[i:])
		if digits == 0 {
			return n
		}
		i += digits
	}
	n.ok = i == len(text)
	return n
}

// read takes the digits that text starts with and returns their count.
func (n *number) read(text []byte) int {
	i := 0
	for i < len(text) && text[i] >= '0' && text[i] <= '9' {
		n.mantissa = n.mantissa*10 + uint64(text[i]-'0')
		i++
	}
	n.digits += i
	return i
}

// isInteger reports whether a JSON number has neither fraction nor exponent.
func isInteger(text []byte) bool {
	n := readNumber(text)
	return n.ok && n.fraction == 0 && !n.exponent
}
