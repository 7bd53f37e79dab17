package generate

import "fmt"

// maxNested is how deep held(...) stands within held(...).
const maxNested = 2

// holding is how often held(...) is drawn among all conditions.
func (w *writer) holding() int {
	if w.nested == maxNested {
		return 0
	}
	return 9
}

// held writes held(condition, duration). Conditions are at times one of few,
// so that rules share them.
func (w *writer) held() string {
	condition := "traits.active"
	switch weigh(w.r, 25, 75) {
	case 0:
		condition = pick(w.r, []string{"traits.active", `traits.plan == "pro"`, `count(events("*", "1d")) > 1`, `profile.last_seen < ago("1h")`, `not (traits.plan == "pro")`})
	case 1:
		w.nested++
		condition = w.condition(w.r.IntN(2))
		w.nested--
	}
	return fmt.Sprintf("held(%s, %s)", condition, quote(pick(w.r, spans[:7]).text))
}

// truth writes a condition to choose a value by.
func (w *writer) truth() string {
	held := 0
	if w.holding() > 0 {
		held = 25
	}
	segment := 0
	if len(w.segments) > 0 {
		segment = 25
	}
	switch weigh(w.r, 50, held, segment) {
	case 1:
		return w.held()
	case 2:
		return fmt.Sprintf("segment(%s)", w.word(w.segments))
	}
	return "traits.active"
}
