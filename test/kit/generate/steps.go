package generate

import (
	"fmt"
	"strings"
)

// ordered writes a condition on the order of events.
func (w *writer) ordered() string {
	if chance(w.r, 40) {
		return fmt.Sprintf("abandoned(%s, %s, %s)", w.step(""), w.step(""), quote(w.width().text))
	}
	window := ""
	if chance(w.r, 50) {
		window = ", " + quote(pick(w.r, spans[3:]).text)
	}
	steps := make([]string, pick(w.r, []int{2, 2, 2, 2, 2, 2, 3, 3, 4, 8}))
	for i := range steps {
		steps[i] = w.step(window)
	}
	return fmt.Sprintf("sequence(%s, %s)", quote(pick(w.r, spans).text), strings.Join(steps, ", "))
}

// step writes a stream with the given window, at times narrowed. Without a
// window it may begin at an instant.
func (w *writer) step(window string) string {
	if window == "" && chance(w.r, 10) {
		window = fmt.Sprintf(", since(%s)", w.dateText())
	}
	names := patterns
	if chance(w.r, 60) { // so that few events make a sequence
		names = eventNames
	}
	source := fmt.Sprintf("events(%s%s)", w.word(names), window)
	switch weigh(w.r, 75, 17, 8) {
	case 1:
		return fmt.Sprintf("filter(%s, %s)", source, w.predicate(1))
	case 2:
		return fmt.Sprintf("(%s | filter(%s))", source, w.predicate(1))
	}
	return source
}
