package language

import "testing"

// TestListsAreWrittenBack: the text of a term about lists is a rule that means
// the same.
func TestListsAreWrittenBack(t *testing.T) {
	for text, want := range map[string]string{
		`sum(events("A"), sum(.products, .price)) > 5`:                       `sum(map(events("A"), sum(.products, #.price))) > 5`,
		`any(events("A"), max(.products, .price) > 5)`:                       `count(filter(events("A"), max(map(.products, #.price)) > 5)) > 0`,
		`mean(map(traits.items, .price)) > min(traits.scores)`:               `mean(map(traits.items, #.price)) > min(traits.scores)`,
		`len(uniq(flatten(map(events("A", "7d"), map(.items, .sku))))) > 1`:  `len(uniq(flatten(map(events("A", "1w"), map(.items, #.sku))))) > 1`,
		`len(uniq(flatten(map(events("A"), .tags)))) == 1`:                   `len(uniq(flatten(map(events("A"), .tags)))) == 1`,
		`count(filter(traits.items, .qty > 1), .sku == "x") == 1`:            `count(filter(traits.items, #.qty > 1), #.sku == "x") == 1`,
		`"A" in map(filter(traits.items, .qty > sum(.parts, .n)), .sku)`:     `"A" in map(filter(traits.items, #.qty > sum(#.parts, #.n)), #.sku)`,
		`traits.items | filter(.qty > 1) | map(.price) | max() > traits.max`: `max(map(filter(traits.items, #.qty > 1), #.price)) > traits.max`,
	} {
		one, mistakes := Check(text)
		if len(mistakes) > 0 {
			t.Errorf("%s: %s", text, mistakes[0].Message)
			continue
		}
		got := one.Term.Text()
		if got != want {
			t.Errorf("%s\n  is written %s\n  not        %s", text, got, want)
		}
		again, mistakes := Check(got)
		if len(mistakes) > 0 {
			t.Errorf("%s can't be read: %s", got, mistakes[0].Message)
		} else if again.Term.String() != one.Term.String() {
			t.Errorf("%s\n  means %s\n  not   %s", got, again.Term, one.Term)
		}
	}
}
