package oracle

import (
	"math/big"
	"regexp"
	"strings"
)

// version is a version that was read. Its text tells equal ones from others,
// so it can stand among distinct values.
type version string

var versionForm = regexp.MustCompile(`^[vV]?([0-9]+(?:\.[0-9]+)*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$`)

var digits = regexp.MustCompile(`^[0-9]+$`)

// versionOf reads a version: numbers with dots between them, how many there
// are, and behind a - what comes before it is released; anything else is
// missing. What stands behind a + tells no version from another.
func versionOf(x any) any {
	text, ok := x.(string)
	if !ok {
		return nil
	}
	found := versionForm.FindStringSubmatch(text)
	if found == nil {
		return nil
	}
	numbers := strings.Split(found[1], ".")
	for i := range numbers {
		numbers[i] = plainNumber(numbers[i])
	}
	for len(numbers) > 1 && numbers[len(numbers)-1] == "0" {
		numbers = numbers[:len(numbers)-1]
	}
	read := strings.Join(numbers, ".")
	if found[2] == "" {
		return version(read)
	}
	words := strings.Split(found[2], ".")
	for i, word := range words {
		if digits.MatchString(word) {
			words[i] = plainNumber(word)
		}
	}
	return version(read + "-" + strings.Join(words, "."))
}

// plainNumber is a number without zeros before it.
func plainNumber(text string) string {
	n, _ := new(big.Int).SetString(text, 10)
	return n.String()
}

// orderVersions compares the numbers, where one that is missing is 0, and
// then the words: without any comes last, and a number is before other words.
func orderVersions(x, y version) int {
	a, wordsA, earlyA := strings.Cut(string(x), "-")
	b, wordsB, earlyB := strings.Cut(string(y), "-")
	numbersA, numbersB := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(numbersA), len(numbersB)) {
		if sign := bigAt(numbersA, i).Cmp(bigAt(numbersB, i)); sign != 0 {
			return sign
		}
	}
	if !earlyA || !earlyB {
		return orderTruth(!earlyA, !earlyB)
	}
	return orderWords(strings.Split(wordsA, "."), strings.Split(wordsB, "."))
}

func orderWords(a, b []string) int {
	for i := range min(len(a), len(b)) {
		numberA, numberB := digits.MatchString(a[i]), digits.MatchString(b[i])
		sign := strings.Compare(a[i], b[i])
		if numberA && numberB {
			sign = bigAt(a, i).Cmp(bigAt(b, i))
		} else if numberA != numberB {
			sign = orderTruth(numberB, numberA)
		}
		if sign != 0 {
			return sign
		}
	}
	return len(a) - len(b)
}

// bigAt reads a number of a list, 0 behind its end.
func bigAt(list []string, i int) *big.Int {
	n := new(big.Int)
	if i < len(list) {
		n.SetString(list[i], 10)
	}
	return n
}

// orderTruth puts false before true.
func orderTruth(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
