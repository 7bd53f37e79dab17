package generate

import (
	"fmt"
	"strings"
)

// attribute writes a condition on traits.
func (w *writer) attribute() string {
	switch weigh(w.r, 25, 30, 8, 10, 17, 5, 10, 3, 9, 7, 20) {
	case 10:
		return w.said()
	case 0:
		return w.compareNumber()
	case 1:
		return w.compareText()
	case 2:
		return pick(w.r, []string{"traits.active", "traits.active == true", "traits.active != false", "not traits.active", "traits.gone ?? traits.active ?? true"})
	case 3:
		return w.traitPath() + pick(w.r, []string{" == nil", " != nil"})
	case 4:
		return w.elements()
	case 5:
		return w.odd()
	case 7:
		return w.quotient()
	case 8:
		return w.converted()
	case 9:
		return w.staying()
	}
	return w.compareVersion("version(traits.app)")
}

// compareVersion compares a version with others. The last of all are none.
func (w *writer) compareVersion(value string) string {
	valid := versions[:len(versions)-2]
	if chance(w.r, 20) {
		return fmt.Sprintf("%s %s [version(%s), version(%s)]", value, w.inclusion(), w.word(valid), w.word(valid))
	}
	return fmt.Sprintf("%s %s version(%s)", value, w.comparison(), w.word(valid))
}

// quotient asks about a division, at times by zero of either sign.
func (w *writer) quotient() string {
	value := "traits.age " + pick(w.r, []string{"/", "/", "%", "**"}) + " " + pick(w.r, []string{"traits.score", "traits.address.geo.lat", "0", "-0.0"})
	if strings.HasSuffix(value, "% 0") || strings.HasSuffix(value, "% -0.0") {
		return "(" + value + ") == nil" // any other comparison is never true
	}
	return fmt.Sprintf("(%s) %s", value, pick(w.r, []string{"== nil", "!= nil", "> 0", "< 0", "<= 1"}))
}

func (w *writer) traitPath() string {
	return pick(w.r, []string{
		"traits.plan", "traits.age", "traits.tags", "traits.address", "traits.address.city", "traits.address.geo", "traits.address.geo.lat",
		`traits["first name"]`, `traits.address["zip"]`, "traits.gone", "traits.plan.deep", "traits?.address?.geo",
	})
}

// attributes of traits with the numbers and words that they often are.
var (
	numeric = map[string][]float64{
		"traits.age": ages, "traits.score": prices, "traits.address.geo.lat": prices,
	}
	textual = map[string][]string{
		"traits.plan": plans, "traits.country": countries, "traits.address.city": cities, `traits["first name"]`: names,
	}
	numericNames = []string{"traits.age", "traits.age", "traits.score", "traits.score", "traits.address.geo.lat"}
	textualNames = []string{"traits.plan", "traits.plan", "traits.country", "traits.country", "traits.address.city", `traits["first name"]`}
)

// number writes a numeric value of traits, at times worked out, and a
// domain to compare it with.
func (w *writer) number() (string, []float64) {
	name := pick(w.r, numericNames)
	domain := numeric[name]
	switch weigh(w.r, 60, 8, 8, 8, 6, 3, 7, 5) {
	case 1:
		return fmt.Sprintf("(%s ?? %s)", name, figure(pick(w.r, domain))), domain
	case 2:
		return fmt.Sprintf("(%s %s traits.score)", name, pick(w.r, []string{"+", "-", "*", "/"})), domain
	case 3:
		if chance(w.r, 50) {
			by := 2 + w.r.IntN(3)
			return fmt.Sprintf("(traits.age %% %d)", by), []float64{0, 1, 2}[:by-1]
		}
		return fmt.Sprintf("(traits.age %s %d)", pick(w.r, []string{"+", "-"}), 1+w.r.IntN(3)), []float64{0, 1, 18, 20, 22}
	case 4:
		return fmt.Sprintf("(%s ? %s : %s)", w.truth(), name, figure(pick(w.r, domain))), domain
	case 5:
		return fmt.Sprintf("(-traits.age %s %d)", pick(w.r, []string{"*", "/", "**", "^"}), 1+w.r.IntN(3)), []float64{-40, -20, -10, -9.5, 400}
	case 7:
		return fmt.Sprintf("((%s ? 1 : 20) + %s)", w.truth(), pick(w.r, []string{"0", "traits.age"})), []float64{1, 2, 19, 20, 21, 38, 40}
	case 6:
		return pick(w.r, []string{"len(traits.plan)", "len(traits.tags)", "len(traits.address.city)"}), []float64{1, 2, 3, 4}
	}
	return name, domain
}

func (w *writer) compareNumber() string {
	value, domain := w.number()
	switch weigh(w.r, 70, 12, 6, 7, 5) {
	case 1:
		low := int(pick(w.r, domain)) - w.r.IntN(2)
		return fmt.Sprintf("%s %s %d..%d", value, w.inclusion(), low, low+w.r.IntN(8))
	case 2:
		return fmt.Sprintf("%s %s [%s, %s]", value, w.inclusion(), figure(pick(w.r, domain)), figure(pick(w.r, domain)))
	case 3:
		return fmt.Sprintf("%s < %s <= %s", figure(pick(w.r, domain)-5), value, figure(pick(w.r, domain)+1))
	case 4:
		return fmt.Sprintf("%s %s traits.score", value, w.comparison())
	}
	return fmt.Sprintf("%s %s %s", value, w.comparison(), figure(pick(w.r, domain)))
}

func (w *writer) inclusion() string { return pick(w.r, []string{"in", "in", "not in"}) }

// text writes a string value of traits, and a domain to compare it with. What
// is compared with lower or upper is written so, else it is never true.
func (w *writer) text() (string, []string) {
	name := pick(w.r, textualNames)
	domain := textual[name]
	switch weigh(w.r, 70, 15, 8, 7) {
	case 1:
		switch w.r.IntN(3) {
		case 0:
			return "lower(" + name + ")", []string{"pro", "de", "bonn", "free"}
		case 1:
			return "upper(trim(" + name + "))", []string{"PRO", "DE", "BONN", "FREE"}
		}
		return "trim(" + name + ")", []string{"pro", "PRO", "de", "DE", "Bonn", "bonn", "free"}
	case 2:
		return fmt.Sprintf("(%s ?? %s)", name, w.word(domain)), domain
	case 3:
		return fmt.Sprintf("(traits.plan + %s)", pick(w.r, []string{`"x"`, "traits.country"})), []string{"prox", "freex", "x", "proDE", "TeamFR"}
	}
	return name, domain
}

func (w *writer) compareText() string {
	value, domain := w.text()
	switch weigh(w.r, 35, 10, 20, 20, 8, 7) {
	case 1:
		return fmt.Sprintf("%s %s %s", value, w.order(), w.word(domain))
	case 2:
		return fmt.Sprintf("%s %s %s", value, w.inclusion(), w.list(domain))
	case 3:
		return w.partOf(value, domain)
	case 4:
		pattern := pick(w.r, []string{`"(?i)^[dpb]"`, `"^$"`, `"[A-Za-z]{2}"`, `"^(pro|free|DE)$"`, `"^(?i:pro|free|DE)$"`})
		if !strings.Contains(value, "(") {
			pattern = pick(w.r, []string{`"^[a-z]+$"`, `"o"`, `"[A-Z]{2}"`, pattern})
		}
		return fmt.Sprintf("%s matches %s", value, pattern)
	case 5:
		return fmt.Sprintf("%s %s traits.country", value, pick(w.r, []string{"==", "!="}))
	}
	return fmt.Sprintf("%s %s %s", value, pick(w.r, []string{"==", "!=", "=="}), w.word(domain))
}

// partOf looks for a piece of a string.
func (w *writer) partOf(value string, domain []string) string {
	pieces := []string{`"o"`, `"D"`, `"e"`, `"pr"`, `""`, `"é"`, `"n"`}
	if strings.Contains(value, "(") {
		whole := pick(w.r, domain)
		pieces = []string{`""`, quote(whole[:min(1, len(whole))]), quote(whole[len(whole)/2:])}
	}
	negation := pick(w.r, []string{"", "", "not "})
	operator := pick(w.r, []string{"contains", "startsWith", "endsWith"})
	return fmt.Sprintf("%s %s%s %s", value, negation, operator, pick(w.r, pieces))
}

// elements asks about the elements of an array of traits.
func (w *writer) elements() string {
	switch weigh(w.r, 30, 12, 33, 10, 15) {
	case 0:
		return fmt.Sprintf("%s %s traits.tags", w.word(tags), w.inclusion())
	case 1:
		return "len(traits.tags) " + w.tallied(4)
	case 2:
		return fmt.Sprintf("%s(traits.tags, %s)", w.quantifier(), w.element())
	case 3:
		return fmt.Sprintf("count(traits.tags, %s) %s", w.element(), w.tallied(3))
	}
	return fmt.Sprintf("%s(traits.items, .sku == %s %s .qty %s %d)", w.quantifier(), w.word(skus), w.connective(), w.comparison(), 1+w.r.IntN(3))
}

func (w *writer) element() string {
	switch w.r.IntN(4) {
	case 0:
		return "# == " + w.word(tags)
	case 1:
		return `# startsWith "b"`
	case 2:
		return fmt.Sprintf("# %s %s", w.inclusion(), w.list(tags))
	}
	return `len(#) > 3 or not (# contains "b")`
}

// instant compares a trait with the clock or with a date.
func (w *writer) instant() string {
	if chance(w.r, 20) {
		return w.saidWhen()
	}
	return fmt.Sprintf("traits.trial_ends_at %s %s", w.timeComparison(), w.reference())
}

// timeComparison leaves equality out most of the time: it seldom holds for
// longer than a millisecond.
func (w *writer) timeComparison() string {
	if chance(w.r, 10) {
		return pick(w.r, []string{"==", "!="})
	}
	return w.order()
}

// reference is an instant to compare any time with.
func (w *writer) reference() string {
	if chance(w.r, 30) {
		return fmt.Sprintf("from_now(%s)", quote(pick(w.r, spans).text))
	}
	return w.past()
}

// past is an instant to compare the times of events with.
func (w *writer) past() string {
	switch weigh(w.r, 10, 55, 35) {
	case 0:
		return "now()"
	case 1:
		return fmt.Sprintf("ago(%s)", quote(pick(w.r, spans).text))
	}
	return fmt.Sprintf("date(%s)", w.dateText())
}

func (w *writer) profile() string {
	switch weigh(w.r, 10, 5, 20, 15, 10, 40, 30) {
	case 6:
		return w.grouped()
	case 0:
		return fmt.Sprintf(`profile.id %s "%d"`, pick(w.r, []string{"endsWith", "contains"}), w.r.IntN(5))
	case 1:
		return `profile.id matches "[0-4]$"`
	case 2:
		return fmt.Sprintf("%s %s profile.groups", w.word(groups), w.inclusion())
	case 3:
		return "len(profile.groups) " + w.tallied(3)
	case 4:
		return fmt.Sprintf("any(profile.groups, # startsWith %s)", pick(w.r, []string{`"a"`, `"b"`}))
	}
	return fmt.Sprintf("profile.%s %s %s", pick(w.r, []string{"first_seen", "last_seen"}), w.order(), w.past())
}
