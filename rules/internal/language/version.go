package language

import (
	"strings"

	"muster/event"
)

// leastParts is how many numbers the text of a version has at least, so that
// one of semver's is written as semver writes it.
const leastParts = 3

// VersionOf returns a text as a version, missing when it is none: numbers
// with dots between them, as many as there are, with or without a v before
// them, and what semver allows behind them. Equal versions have equal texts.
func VersionOf(v event.Value) event.Value {
	if v.Kind() != event.KindString {
		return event.Value{}
	}
	text := v.Text()
	if text != "" && text[0]|0x20 == 'v' {
		text = text[1:]
	}
	text, build, built := strings.Cut(text, "+")
	numbers, early, isEarly := strings.Cut(text, "-")
	if built && !areWords(build) || isEarly && !areWords(early) {
		return event.Value{}
	}
	canonical, ok := appendParts(make([]byte, 0, len(text)+8), numbers)
	if !ok {
		return event.Value{}
	}
	if isEarly {
		canonical = appendWords(append(canonical, '-'), early)
	}
	return event.VersionOf(string(canonical))
}

// appendParts writes the numbers of a version without zeros before them, and
// without zeros behind the last part that semver has too.
func appendParts(dst []byte, numbers string) ([]byte, bool) {
	separator, parts, end := byte('v'), 0, 0
	for more := true; more; parts++ {
		var part string
		part, numbers, more = strings.Cut(numbers, ".")
		if !isNumeral(part) {
			return nil, false
		}
		dst = append(append(dst, separator), withoutZeros(part)...)
		if separator = '.'; parts < leastParts || dst[len(dst)-2] != '.' || dst[len(dst)-1] != '0' {
			end = len(dst)
		}
	}
	for dst = dst[:end]; parts < leastParts; parts++ {
		dst = append(dst, ".0"...)
	}
	return dst, true
}

// appendWords writes what stands behind the - of a version.
func appendWords(dst []byte, words string) []byte {
	for {
		word, rest, more := strings.Cut(words, ".")
		if isNumeral(word) {
			word = withoutZeros(word)
		}
		if dst = append(dst, word...); !more {
			return dst
		}
		dst, words = append(dst, '.'), rest
	}
}

// areWords reports whether a text is made of semver's identifiers.
func areWords(text string) bool {
	length := 0
	for i := range len(text) {
		c := text[i]
		switch lower := c | 0x20; {
		case c == '.' && length > 0:
			length = 0
		case c >= '0' && c <= '9', lower >= 'a' && lower <= 'z', c == '-':
			length++
		default:
			return false
		}
	}
	return length > 0
}

func isNumeral(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

// withoutZeros is a numeral without the zeros before it.
func withoutZeros(numeral string) string {
	for len(numeral) > 1 && numeral[0] == '0' {
		numeral = numeral[1:]
	}
	return numeral
}

// CompareVersions orders the texts of two versions, -1, 0 or 1: by their
// numbers, where one that is missing is 0, and among equal numbers as semver
// does. Texts that were stored before versions had more forms compare too.
func CompareVersions(a, b string) int {
	a, earlyA := cutVersion(a)
	b, earlyB := cutVersion(b)
	for a != "" || b != "" {
		var partA, partB string
		partA, a, _ = strings.Cut(a, ".")
		partB, b, _ = strings.Cut(b, ".")
		if sign := compareNumerals(partA, partB); sign != 0 {
			return sign
		}
	}
	switch {
	case earlyA == earlyB:
		return 0
	case earlyA == "":
		return 1
	case earlyB == "":
		return -1
	}
	return compareWords(earlyA, earlyB)
}

// cutVersion returns the numbers of a version's text and what stands behind
// its -, "" for nothing.
func cutVersion(text string) (numbers, early string) {
	text, _, _ = strings.Cut(strings.TrimPrefix(text, "v"), "+")
	numbers, early, _ = strings.Cut(text, "-")
	return numbers, early
}

func compareNumerals(a, b string) int {
	for a != "" && a[0] == '0' {
		a = a[1:]
	}
	for b != "" && b[0] == '0' {
		b = b[1:]
	}
	switch {
	case len(a) < len(b):
		return -1
	case len(a) > len(b):
		return 1
	}
	return strings.Compare(a, b)
}

// compareWords orders what stands behind the - of two versions, word by word:
// numbers by their size and before all others, these as texts.
func compareWords(a, b string) int {
	for moreA, moreB := true, true; moreA && moreB; {
		var wordA, wordB string
		wordA, a, moreA = strings.Cut(a, ".")
		wordB, b, moreB = strings.Cut(b, ".")
		numeralA, numeralB := isNumeral(wordA), isNumeral(wordB)
		sign := strings.Compare(wordA, wordB)
		switch {
		case numeralA && numeralB:
			sign = compareNumerals(wordA, wordB)
		case numeralA:
			sign = -1
		case numeralB:
			sign = 1
		}
		switch {
		case sign != 0:
			return sign
		case moreA && !moreB:
			return 1
		case moreB && !moreA:
			return -1
		}
	}
	return 0
}
