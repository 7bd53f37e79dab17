package generate

import (
	"fmt"
	"math/rand/v2"

	"muster/event"
)

// products is the list of an order's products, which at times is none or has
// something else in it.
func products(r *rand.Rand) event.Value {
	list := []event.Value{}
	for range r.IntN(4) {
		if chance(r, 8) {
			list = append(list, anything(r, 2))
			continue
		}
		f := &fields{r: r}
		f.put(80, "sku", text(r, skus))
		f.put(80, "price", number(r, prices))
		f.put(80, "qty", event.NumberOf(float64(1+r.IntN(3))))
		f.put(30, "tags", array(r, tags))
		list = append(list, f.object())
	}
	return event.ArrayOf(list)
}

// goods are lists of an event, as a whole or narrowed.
func (w *writer) goods() string {
	if chance(w.r, 25) {
		return fmt.Sprintf("filter(.products, %s)", w.ofProduct())
	}
	return ".products"
}

// ofProduct writes a condition on one product.
func (w *writer) ofProduct() string {
	switch w.r.IntN(4) {
	case 0:
		return fmt.Sprintf(".price %s %s", w.comparison(), w.threshold())
	case 1:
		return fmt.Sprintf("%s %s .tags", w.word(tags), w.inclusion())
	case 2:
		return fmt.Sprintf(".qty > 1 %s .sku != %s", w.connective(), w.word(skus))
	}
	return fmt.Sprintf(".sku %s %s", w.inclusion(), w.list(skus))
}

// ofProducts writes a number that is made of an event's products.
func (w *writer) ofProducts() string {
	each := pick(w.r, []string{".price", ".price", ".qty", ".price * .qty", "len(.tags)", "count(.tags)"})
	name := pick(w.r, []string{"mean", "min", "max"})
	switch weigh(w.r, 40, 15, 15, 10, 20) {
	case 1:
		return fmt.Sprintf("%s(map(%s, %s))", name, w.goods(), each)
	case 2:
		return fmt.Sprintf("%s(%s, %s)", name, w.goods(), each)
	case 3:
		return fmt.Sprintf("sum(map(%s, %s))", w.goods(), each)
	case 4:
		return fmt.Sprintf("(count(.products, %s) * .qty)", w.ofProduct())
	}
	return fmt.Sprintf("sum(%s, %s)", w.goods(), each)
}

// aboutProducts writes a condition on an event's products.
func (w *writer) aboutProducts() string {
	switch w.r.IntN(4) {
	case 0:
		return fmt.Sprintf("%s %s map(%s, .sku)", w.word(skus), w.inclusion(), w.goods())
	case 1:
		return fmt.Sprintf("%s(%s, %s)", w.quantifier(), w.goods(), w.ofProduct())
	case 2:
		return fmt.Sprintf("len(%s) %s", w.goods(), pick(w.r, []string{"> 1", "== 0", "<= 2", "!= nil"}))
	}
	return fmt.Sprintf("%s %s %s", w.ofProducts(), pick(w.r, []string{">", "<=", ">=", "!="}), w.threshold())
}

// flattened counts the distinct values in the lists of events.
func (w *writer) flattened() string {
	list := pick(w.r, []string{
		"map(.products, .sku)", "map(.products, .sku)", ".tags", "map(.products, .tags)", "map(.products, .price)", ".products",
		fmt.Sprintf("map(%s, .sku)", w.goods()), ".tags ?? .sku",
	})
	if chance(w.r, 20) {
		return fmt.Sprintf("(%s | map(%s) | flatten() | uniq() | len())", w.stream(), list)
	}
	return fmt.Sprintf("%s(uniq(flatten(map(%s, %s))))", pick(w.r, []string{"len", "len", "count"}), w.stream(), list)
}

// ofItems compares a number that is made of a list of traits.
func (w *writer) ofItems() string {
	name := pick(w.r, []string{"sum", "mean", "min", "max"})
	switch w.r.IntN(5) {
	case 0:
		return fmt.Sprintf("%s(map(traits.items, .qty)) %s %d", name, w.comparison(), 1+w.r.IntN(4))
	case 1:
		return fmt.Sprintf("sum(traits.items, .qty * traits.score) %s %s", w.order(), w.threshold())
	case 2:
		return fmt.Sprintf("%s %s map(filter(traits.items, .qty > %d), .sku)", w.word(skus), w.inclusion(), w.r.IntN(3))
	case 3:
		return fmt.Sprintf("%s(traits.tags) %s %s", name, pick(w.r, []string{"==", ">"}), w.threshold())
	}
	return fmt.Sprintf("sum(traits.items, .qty) %s %d", w.comparison(), 1+w.r.IntN(5))
}
