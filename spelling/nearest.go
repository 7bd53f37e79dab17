package spelling

import "slices"

// Nearest returns the known name that is at most two edits away, one for
// names of up to four letters; "" if none.
func Nearest(name string, known []string) string {
	best, least := "", 3
	if len(name) <= 4 {
		least = 2
	}
	for _, k := range known {
		if d := distance(name, k); d < least && d < len(k) {
			best, least = k, d
		}
	}
	return best
}

// longest bounds the names that are compared letter by letter.
const longest = 64

// distance is the Levenshtein distance of two short words.
func distance(a, b string) int {
	if len(a) > longest {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = slices.Min([]int{change, row[j] + 1, row[j+1] + 1})
		}
	}
	return row[len(b)]
}
