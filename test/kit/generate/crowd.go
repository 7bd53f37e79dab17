package generate

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Crowd returns a random valid rule that compares one trait with very many
// constants, most of which no event has. It makes room between the constants
// of other rules, as thousands of rules on one trait would.
func Crowd(r *rand.Rand) string {
	w := &writer{r: r}
	rule := w.crowd(pick(r, []int{40, 80, 1200}))
	if chance(r, 50) {
		return rule
	}
	return rule + " " + pick(r, []string{"and", "or"}) + " " + w.parens(1)
}

func (w *writer) crowd(size int) string {
	var name string
	constants := make([]string, 0, size+3)
	if chance(w.r, 50) {
		name = pick(w.r, numericNames)
		base := pick(w.r, []int{-2000, 1000})
		for i := range size {
			constants = append(constants, fmt.Sprint(base+i))
		}
		for range w.r.IntN(4) {
			constants = append(constants, figure(pick(w.r, numeric[name])))
		}
	} else {
		name = pick(w.r, textualNames)
		letter := pick(w.r, []string{"A", "n", "~"})
		for i := range size {
			constants = append(constants, fmt.Sprintf("%q", fmt.Sprintf("%s%d", letter, i)))
		}
		for range w.r.IntN(4) {
			constants = append(constants, w.word(textual[name]))
		}
	}
	return fmt.Sprintf("%s %s [%s]", name, w.inclusion(), strings.Join(constants, ", "))
}

// odd writes what few people write: constants of several kinds in one list,
// none at all, the constant first, ranges of many numbers, bare constants.
func (w *writer) odd() string {
	name := pick(w.r, numericNames)
	switch w.r.IntN(5) {
	case 0:
		mixed := []string{figure(pick(w.r, numeric[name])), w.word(plans), pick(w.r, []string{"true", "false"}), figure(pick(w.r, ages))}
		return fmt.Sprintf("%s %s [%s]", pick(w.r, []string{name, "traits.plan", "traits.active"}), w.inclusion(), strings.Join(mixed[:2+w.r.IntN(3)], ", "))
	case 1:
		return fmt.Sprintf("%s %s %s", figure(pick(w.r, numeric[name])), w.comparison(), name)
	case 2:
		low := w.r.IntN(30) - 10
		return fmt.Sprintf("%s %s %d..%d", name, w.inclusion(), low, low+w.r.IntN(600))
	case 3:
		return fmt.Sprintf("%s %s []", name, w.inclusion())
	}
	return pick(w.r, []string{"true", "false"})
}
