package generate

import (
	"fmt"
	"math/rand/v2"

	"muster/event"
)

// Texts that spell numbers in one way or another, or none.
var (
	numerals = []string{"3", "7", "03", "3.0", "+3", "-0", "12.50", "1e2", ".5", "5.", " 3", "3,5", "0x10", "1_0", "Inf", "NaN", "abc", "", "9007199254740992", "9007199254740993", "1e400", "--1"}
	accounts = []string{"3", "7", "0", "12.5", "100", "true", "1e-7", "1e+21"}
)

// figured is a number as one system or another sends it.
func figured(r *rand.Rand) event.Value {
	if chance(r, 40) {
		return number(r, []float64{3, 7, 0, -0.5, 12.5, 100, 3.9, 1e21, 1e-7, 9007199254740994})
	}
	return text(r, numerals)
}

// stay is one of few instants, so that two of them are often the same.
func stay(r *rand.Rand) event.Value { return moment(r, stayed(r)) }

func stayed(r *rand.Rand) int64 {
	return Start + int64(r.IntN(4))*15*day + pick(r, []int64{0, 0, 12*hour + 500})
}

// stayText spells one of the instants of stay as a rule does.
func (w *writer) stayText() string { return quote(date(w.r, stayed(w.r))) }

// converted writes a condition on a trait that is of another kind than it
// should be.
func (w *writer) converted() string {
	value := pick(w.r, []string{"traits.account", "traits.account", "traits.account", "traits.age", "traits.plan", "traits.active", "traits.tags", "traits.starts"})
	switch w.r.IntN(9) {
	case 0:
		return fmt.Sprintf("float(%s) %s %s", value, w.comparison(), figure(pick(w.r, []float64{0, 3, 12.5, 20, 100})))
	case 1:
		return fmt.Sprintf("int(%s) %s %d", value, w.comparison(), pick(w.r, []int{-1, 0, 3, 7, 20, 9007199254740991}))
	case 2:
		return fmt.Sprintf("string(%s) %s %s", value, w.inclusion(), w.list(accounts))
	case 3:
		return fmt.Sprintf("string(%s) %s %s", value, pick(w.r, []string{"==", "!=", "<", ">=", "startsWith", "contains"}), w.word(accounts))
	case 4:
		return fmt.Sprintf("%s(%s) %s nil", pick(w.r, []string{"float", "int", "string", "date"}), value, pick(w.r, []string{"==", "!="}))
	case 5:
		return fmt.Sprintf("%s(%s) %s 1..8", pick(w.r, []string{"float", "int"}), value, w.inclusion())
	case 6:
		return fmt.Sprintf("(int(%s) ?? 5) %s %s(%s)", value, w.comparison(), pick(w.r, []string{"int", "float"}), pick(w.r, []string{"traits.age", "traits.score"}))
	case 7:
		return fmt.Sprintf("date(%s) %s %s", pick(w.r, []string{"traits.starts", "traits.ends", "float(traits.account)", "string(traits.ends)"}), w.timeComparison(), w.reference())
	}
	return fmt.Sprintf("float(trim(traits.account)) %s %s", w.comparison(), w.threshold())
}

// staying compares texts that are times with each other, and with texts that
// a rule spells.
func (w *writer) staying() string {
	one := pick(w.r, []string{"traits.starts", "traits.ends", "traits.plan", "string(traits.starts)", "lower(traits.ends)"})
	switch w.r.IntN(6) {
	case 0, 1:
		return fmt.Sprintf("traits.ends %s %s", w.comparison(), pick(w.r, []string{"traits.starts", "traits.starts", "traits.trial_ends_at", "date(traits.starts)", "traits.plan"}))
	case 2:
		return fmt.Sprintf("%s %s %s", one, w.comparison(), w.stayText())
	case 3:
		return fmt.Sprintf(`%s %s [%s, "pro", %s]`, one, w.inclusion(), w.stayText(), w.stayText())
	case 4:
		return fmt.Sprintf("%s %s traits.tags", w.stayText(), w.inclusion())
	}
	return fmt.Sprintf("%s(%s).until %s %s", pick(w.r, []string{"first", "last"}), w.stream(), w.comparison(), pick(w.r, []string{"traits.starts", "traits.ends", w.stayText()}))
}

// convertedEvents writes a condition on a stream whose properties are of
// other kinds than they should be.
func (w *writer) convertedEvents() string {
	switch w.r.IntN(7) {
	case 0:
		return fmt.Sprintf("sum(map(%s, float(.total))) %s %s", w.stream(), w.comparison(), figure(pick(w.r, totals)))
	case 1:
		return fmt.Sprintf("%s(map(%s, %s(.total))) %s %s", pick(w.r, []string{"min", "max", "mean"}), w.stream(), pick(w.r, []string{"float", "int"}), w.order(), w.threshold())
	case 2:
		return w.compareCount(fmt.Sprintf("len(uniq(map(%s, %s)))", w.stream(), pick(w.r, []string{"string(.total)", "int(.total)", "date(.until)", "string(.event_time)"})))
	case 3:
		return fmt.Sprintf("last(map(%s, date(.until))) %s %s", w.stream(), w.order(), w.reference())
	case 4:
		return fmt.Sprintf("%s(%s, .until %s %s)", w.quantifier(), w.stream(), w.comparison(), pick(w.r, []string{".timestamp", w.stayText(), ".day", "date(.timestamp)"}))
	case 5:
		return fmt.Sprintf("string(last(%s).total) %s %s", w.stream(), w.inclusion(), w.list(accounts))
	}
	return fmt.Sprintf("%s(%s, float(.total) %s %s)", w.quantifier(), w.stream(), w.comparison(), w.threshold())
}
