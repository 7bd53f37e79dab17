package generate

import "fmt"

// stream writes S: events by name and window, at times narrowed.
func (w *writer) stream() string {
	source := w.events()
	switch weigh(w.r, 72, 20, 8) {
	case 1:
		return fmt.Sprintf("filter(%s, %s)", source, w.predicate(1))
	case 2:
		return fmt.Sprintf("(%s | filter(%s))", source, w.predicate(1))
	}
	return source
}

func (w *writer) events() string {
	name := w.word(patterns)
	switch weigh(w.r, 30, 45, 13, 12) {
	case 1:
		return fmt.Sprintf("events(%s, %s)", name, quote(w.width().text))
	case 2:
		far := 2 + w.r.IntN(len(spans)-2)
		return fmt.Sprintf("events(%s, %s, %s)", name, quote(spans[far].text), quote(spans[w.r.IntN(far)].text))
	case 3:
		return fmt.Sprintf("events(%s, since(%s))", name, w.dateText())
	}
	return fmt.Sprintf("events(%s)", name)
}

// width is how far back a window reaches: a day or more two times in three.
func (w *writer) width() span {
	if chance(w.r, 65) {
		return pick(w.r, spans[4:])
	}
	return pick(w.r, spans)
}

// aggregate writes a condition on a stream.
func (w *writer) aggregate() string {
	switch weigh(w.r, 28, 18, 18, 10, 16, 10, 8) {
	case 0:
		return w.compareCount(w.tally())
	case 1:
		return fmt.Sprintf("%s(%s, %s)", w.quantifier(), w.stream(), w.predicate(2))
	case 2:
		return fmt.Sprintf("%s %s %s", w.fold(), w.comparison(), figure(pick(w.r, totals)))
	case 3:
		return w.compareCount(w.distinct())
	case 4:
		return w.extremity()
	case 6:
		return w.convertedEvents()
	}
	return w.compound()
}

// tally counts events.
func (w *writer) tally() string {
	switch weigh(w.r, 40, 30, 10, 10, 10) {
	case 0:
		return fmt.Sprintf("count(%s)", w.stream())
	case 1:
		return fmt.Sprintf("count(%s, %s)", w.stream(), w.predicate(1))
	case 2:
		return fmt.Sprintf("len(%s)", w.stream())
	case 3:
		return fmt.Sprintf("(%s | count())", w.events())
	}
	return fmt.Sprintf("(%s | count(%s))", w.events(), w.predicate(1))
}

func (w *writer) compareCount(value string) string {
	if chance(w.r, 8) {
		return fmt.Sprintf("%s %s 1..3", value, w.inclusion())
	}
	return value + " " + w.tallied(4)
}

// tallied compares what was counted with one of the first whole numbers. Less
// than 0 it never is.
func (w *writer) tallied(below int) string {
	operator, n := w.comparison(), w.r.IntN(below)
	if operator == "<" && n == 0 {
		n = 1
	}
	return fmt.Sprintf("%s %d", operator, n)
}

// fold sums up a numeric property, or finds its mean, least or greatest.
func (w *writer) fold() string {
	property := pick(w.r, []string{".price", ".revenue", ".qty", ".price", ".coupon.pct", "(.price * .qty)", ".revenue", pick(w.r, []string{".sku", ".price"})})
	switch weigh(w.r, 30, 10, 17, 17, 17, 9) {
	case 0:
		return fmt.Sprintf("sum(%s, %s)", w.stream(), property)
	case 1:
		return fmt.Sprintf("sum(map(%s, %s))", w.stream(), property)
	case 2:
		return fmt.Sprintf("mean(map(%s, %s))", w.stream(), property)
	case 3:
		return fmt.Sprintf("min(map(%s, %s))", w.stream(), property)
	case 4:
		return fmt.Sprintf("max(map(%s, %s))", w.stream(), property)
	}
	return fmt.Sprintf("(%s | map(%s) | %s())", w.events(), property, pick(w.r, []string{"sum", "mean", "min", "max"}))
}

// distinct counts distinct values of a property.
func (w *writer) distinct() string {
	property := pick(w.r, []string{".sku", ".event_day", ".event_name", ".day", ".name", ".timestamp", ".event_time", ".price", ".tags", ".gift", "version(.app)", ".context.device.type", ".event_channel"})
	if chance(w.r, 15) {
		return fmt.Sprintf("(%s | map(%s) | uniq() | len())", w.events(), property)
	}
	return fmt.Sprintf("%s(uniq(map(%s, %s)))", pick(w.r, []string{"len", "len", "count"}), w.stream(), property)
}

// extremity asks about the first or the last event.
func (w *writer) extremity() string {
	one := fmt.Sprintf("%s(%s)", pick(w.r, []string{"first", "last"}), w.stream())
	switch w.r.IntN(9) {
	case 8:
		return w.saidAt(one + ".context")
	case 7:
		return w.compareVersion(fmt.Sprintf("%s(map(%s, version(.app)))", pick(w.r, []string{"first", "last"}), w.stream()))
	case 0:
		return fmt.Sprintf("%s.%s %s %s", one, pick(w.r, []string{"event_time", "event_time", "timestamp"}), w.order(), w.past())
	case 1:
		return fmt.Sprintf("%s.until %s %s", one, w.order(), w.reference())
	case 2:
		return fmt.Sprintf("%s.price %s %s", one, w.comparison(), w.threshold())
	case 3:
		return fmt.Sprintf("%s.sku %s %s", one, w.inclusion(), w.list(skus))
	case 4:
		return fmt.Sprintf("%s.coupon.code %s %s", one, pick(w.r, []string{"==", "!=", "startsWith"}), w.word(codes))
	case 5:
		return fmt.Sprintf("%s.%s %s nil", one, pick(w.r, []string{"price", "gift", "gone", "coupon", "timestamp", "event_time"}), pick(w.r, []string{"==", "!="}))
	}
	return fmt.Sprintf("%s.%s == %s", one, pick(w.r, []string{"event_name", "event_name", "name"}), w.word(eventNames))
}

// compound works two aggregates into one number.
func (w *writer) compound() string {
	switch w.r.IntN(5) {
	case 0:
		return fmt.Sprintf("%s %s %s", w.tally(), w.comparison(), w.tally())
	case 1:
		return fmt.Sprintf("%s - %s %s %d", w.tally(), w.tally(), w.comparison(), w.r.IntN(3))
	case 2:
		return fmt.Sprintf("(%s ?? 0) %s %s", w.fold(), w.comparison(), w.threshold())
	case 3:
		return fmt.Sprintf("(%s / %s) %s nil", w.fold(), w.tally(), pick(w.r, []string{"==", "!="}))
	}
	return fmt.Sprintf("%s / %s %s %s", w.fold(), w.tally(), w.order(), w.threshold())
}

// predicate writes a condition on the properties of one event.
func (w *writer) predicate(depth int) string {
	if depth > 0 && chance(w.r, 35) {
		inner := "(" + w.predicate(depth-1) + ")"
		if chance(w.r, 25) {
			return "not " + inner
		}
		return inner + " " + w.connective() + " (" + w.predicate(depth-1) + ")"
	}
	switch weigh(w.r, 25, 10, 10, 12, 8, 8, 8, 7, 6, 6, 3, 4, 14, 3) {
	case 12:
		return w.saidOf()
	case 13:
		return pick(w.r, []string{`.properties.context.type == "tv"`, ".properties.timestamp != nil", ".properties.price > 5", `.properties.properties.code == "X10"`, `.properties.event_channel == "server"`})
	case 0:
		return fmt.Sprintf(".price %s %s", w.comparison(), w.threshold())
	case 1:
		return fmt.Sprintf(".qty %s %d..%d", w.inclusion(), 1+w.r.IntN(2), 2+w.r.IntN(2))
	case 2:
		return fmt.Sprintf(".sku %s %s", pick(w.r, []string{"==", "!=", "<"}), w.word(skus))
	case 3:
		return fmt.Sprintf(".sku %s %s", pick(w.r, []string{"startsWith", "endsWith", "contains", "not contains"}), pick(w.r, []string{`"A"`, `"1"`, `"-"`}))
	case 4:
		return fmt.Sprintf(".coupon.%s", pick(w.r, []string{`code == "X10"`, `code != nil`, `pct > 5`, `pct < 10`}))
	case 5:
		return fmt.Sprintf("%s %s .tags", w.word(tags), w.inclusion())
	case 6:
		return pick(w.r, []string{".gift", "not .gift", ".gift == false", ".gift != nil", "#.gift"})
	case 7:
		return fmt.Sprintf("%s %s date(%s)", pick(w.r, []string{".event_time", ".event_time", ".timestamp"}), w.order(), w.dateText())
	case 8:
		return pick(w.r, []string{
			`.event_name startsWith "Order"`, `.event_name == "Page Viewed"`, `.event_day >= "2026-11-01"`, `.event_day matches "-0[1-9]$"`,
			`.name startsWith "Order"`, `.name == "Page Viewed"`, `.day == "Monday"`, `#["day"] matches "-0[1-9]$"`,
		})
	case 11:
		return w.compareVersion("version(.app)")
	case 10:
		return "len(.sku) " + w.tallied(5)
	}
	return fmt.Sprintf("%s %s %s", pick(w.r, []string{".price * .qty", `.context.page["load time"] + .price`, ".price + .revenue", ".revenue - .price", `#["promo code"]`}), w.comparison(), w.threshold())
}
