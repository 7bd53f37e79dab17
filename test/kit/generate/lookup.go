package generate

import (
	"fmt"
	"math/rand/v2"
)

// Catalogue is a table that rules of Lookup ask: a CSV file and the column that
// its rows are known by.
type Catalogue struct{ ID, Key, File string }

// Catalogues are those that rules of Lookup ask. Their keys are among the values
// of events and traits, but for some, and not all of these are there.
var Catalogues = []Catalogue{
	{"products", "sku", "sku,category,margin,fragile,code,since\nA-1,shoes,12.5,false,007,2026-10-20\nA-2,shoes,-8,true,7,\nB-1,vases,,true,,2026-11-10T12:00:00Z\n7,,0.1,,n/a,soon\n3,\"shoes, old\",1e2,false,x,2026-10-20\n"},
	{"countries", "code", "code,region,population,member\nDE,EU,83.5,true\nFR,EU,68,true\nUS,NA,,false\n10,,5,\n20,EU,0,true\ntrue,,1,true\n"},
}

// Lookup returns a random valid rule that asks catalogues.
func Lookup(r *rand.Rand) string {
	w := &writer{r: r}
	switch w.r.IntN(5) {
	case 0:
		return w.lookedUp() + " " + w.connective() + " " + w.lookedUp()
	case 1:
		return fmt.Sprintf(`held(%s, %s)`, w.ofCountry(), quote(pick(w.r, spans).text))
	case 2:
		return fmt.Sprintf("(%s) %s (%s)", w.lookedUp(), w.connective(), w.condition(1))
	}
	return w.lookedUp()
}

func (w *writer) lookedUp() string {
	switch w.r.IntN(8) {
	case 0, 1:
		return w.ofCountry()
	case 2:
		return fmt.Sprintf("%s(%s, %s)", w.quantifier(), w.stream(), w.bySKU(".sku"))
	case 3:
		return fmt.Sprintf("%s(%s, any(.products, %s))", w.quantifier(), w.stream(), w.bySKU(".sku"))
	case 4:
		return fmt.Sprintf(`sum(%s, sum(.products, lookup("products", .sku).margin * .price)) %s %s`, w.stream(), w.comparison(), w.threshold())
	case 5:
		return fmt.Sprintf(`len(uniq(map(%s, lookup("products", .sku).%s))) %s`, w.stream(), pick(w.r, []string{"category", "margin", "fragile"}), w.tallied(3))
	case 6:
		return fmt.Sprintf("%s(traits.items, %s)", w.quantifier(), w.bySKU(".sku"))
	}
	return w.bySKU(fmt.Sprintf("%s(%s).sku", pick(w.r, []string{"first", "last"}), w.stream()))
}

// ofCountry asks what a trait is looked up for.
func (w *writer) ofCountry() string {
	row := fmt.Sprintf(`lookup("countries", %s)`, pick(w.r, []string{"traits.country", "traits.country", "upper(traits.country)", "traits.score", "traits.active", "traits.tags"}))
	switch w.r.IntN(6) {
	case 0:
		return row + ".member"
	case 1:
		return fmt.Sprintf("%s.population %s %s", row, w.comparison(), pick(w.r, []string{"0", "5", "68", "83.5"}))
	case 2:
		return fmt.Sprintf("%s.%s %s nil", row, pick(w.r, []string{"code", "region", "member"}), pick(w.r, []string{"==", "!="}))
	case 3:
		return fmt.Sprintf(`(%s.region ?? "none") %s ["NA", "none"]`, row, w.inclusion())
	}
	return fmt.Sprintf(`%s.region %s "EU"`, row, pick(w.r, []string{"==", "!=", "startsWith", "<"}))
}

// bySKU asks what a key is looked up for.
func (w *writer) bySKU(key string) string {
	row := fmt.Sprintf(`lookup("products", %s)`, key)
	switch w.r.IntN(6) {
	case 0:
		return row + ".fragile"
	case 1:
		return fmt.Sprintf("%s.margin %s %s", row, w.comparison(), pick(w.r, []string{"0", "12.5", "-8"}))
	case 2:
		return fmt.Sprintf("%s.%s %s nil", row, pick(w.r, []string{"sku", "category", "code"}), pick(w.r, []string{"==", "!="}))
	case 3:
		return fmt.Sprintf("%s.since %s %s", row, w.comparison(), w.dateText())
	case 4:
		return fmt.Sprintf(`%s.code %s ["7", "007"]`, row, w.inclusion())
	}
	return fmt.Sprintf(`%s.category %s "shoes"`, row, pick(w.r, []string{"==", "!=", "contains"}))
}
