package rules_test

import (
	"strings"
	"testing"

	"muster/profile"
	"muster/rules"
)

const products = "sku,category,price,new\nA-1,shoes,9.5,true\nA-2,vases,n/a,\n"

// looking is a segment file with a catalogue and one rule.
func looking(rule, products string) rules.Source {
	return rules.Source{
		Name:  "s.yaml",
		Data:  []byte("catalogues:\n  - {id: products, key: sku, file: products.csv}\nsegments:\n  - id: s\n    rule: >\n      " + rule + "\n"),
		Files: map[string]rules.File{"products.csv": {Path: "products.csv", Data: []byte(products)}},
	}
}

// TestLookupMistakes: what is wrong with a look-up, with its caret.
func TestLookupMistakes(t *testing.T) {
	for rule, want := range map[string]string{
		`lookup("product", traits.sku).category == "shoes"`:         "s.yaml:6:14: segment s: there is no catalogue product\n@hint: did you mean products?",
		`lookup("stores", traits.sku).category == "shoes"`:          "s.yaml:6:14: segment s: there is no catalogue stores\n@hint: there are products",
		`lookup("products", traits.sku).categry == "shoes"`:         "s.yaml:6:38: segment s: the catalogue products has no column categry\n@hint: did you mean category?",
		`lookup("products", traits.sku).size == "shoes"`:            "the catalogue products has no column size\n@hint: the columns are sku, category, price, new",
		`lookup("products", traits.sku) != nil`:                     "a whole row is not a value\n@hint: name a column",
		`lookup("products", traits.sku).category.x == "a"`:          "the column category of products has no field x",
		`lookup("products", traits.sku).category`:                   "a condition is wanted here; this is a string",
		`lookup("products", traits.sku).new == "true"`:              "a bool is compared with a string, which is never true",
		`lookup("products", traits.sku).category > 5`:               "a string is compared with a number, which is never true",
		`lookup("products", traits.sku).price > 5`:                  `hint: the column price of products is text, as line 3 of the file has "n/a" in it`,
		`lookup("products", profile.groups).category == "a"`:        "lookup wants a key; this is an array",
		`lookup(traits.table, traits.sku).category == "a"`:          "a string is wanted here",
		`lookup("products").category == "a"`:                        "lookup takes 2 arguments, not 1",
		`any(events("A"), lookup("products", .sku).categoy == "a")`: "the catalogue products has no column categoy\n@hint: did you mean category?",
	} {
		_, err := rules.Load(looking(rule, products))
		if err == nil {
			t.Errorf("%s is taken", rule)
			continue
		}
		for _, part := range strings.Split(want, "\n@") {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v\nwant: %s", rule, err, part)
			}
		}
	}
	for _, rule := range []string{
		`float(lookup("products", traits.sku).price) > 5`, `lookup("products", 7).new`,
		`let p = lookup("products", traits.sku); p.new and p.category == "shoes"`,
	} {
		if _, err := rules.Load(looking(rule, products)); err != nil {
			t.Errorf("%s: %v", rule, err)
		}
	}
}

// TestCatalogueMistakes: what is wrong with a declaration, or with its file.
func TestCatalogueMistakes(t *testing.T) {
	file := map[string]rules.File{
		"p.csv": {Path: "dir/p.csv", Data: []byte("sku,a\nA,1\nA,2\n")}, "q.csv": {Data: []byte("sku\n")}, "gone.csv": {Wrong: "no such file", Hint: "look"},
	}
	for text, want := range map[string]string{
		"- {id: p, key: sku, file: p.csv}":                                     `dir/p.csv:3:1: the key "A" is there twice; first in line 2`,
		"- {id: p, key: sku, file: gone.csv}":                                  "s.yaml:2:29: the catalogue p can't be read: no such file",
		"- {id: p, key: sku, file: other.csv}":                                 "the file other.csv of the catalogue p was not read",
		"- {key: sku, file: q.csv}":                                            "s.yaml:2:5: the catalogue has no id",
		"- {id: P, key: sku, file: q.csv}":                                     `the id "P" can't be used`,
		"- {id: p, file: q.csv}":                                               "the catalogue p has no key",
		"- {id: p, key: sku}":                                                  "the catalogue p has no file",
		"- {id: p, key: sku, topic: t}":                                        "topic",
		"- {id: q, key: sku, file: q.csv}\n  - {id: q, key: sku, file: q.csv}": "the catalogue q is declared twice; first at s.yaml:2",
	} {
		_, err := rules.Load(rules.Source{Name: "s.yaml", Files: file,
			Data: []byte("catalogues:\n  " + text + "\nsegments:\n  - {id: s, rule: 'lookup(\"p\", traits.a).a == \"x\"'}\n")})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant: %s", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "there is no catalogue p") && !strings.Contains(text, "id: q") {
			t.Errorf("%s: the rule is blamed too: %v", text, err)
		}
	}
}

// A definition has no files beside it, and says so.
func TestLookupWithoutFiles(t *testing.T) {
	_, err := rules.Compile([]rules.Segment{rules.NewSegment("s", `lookup("products", traits.sku).category == "shoes"`)})
	if err == nil || !strings.Contains(err.Error(), "there is no catalogue products") || !strings.Contains(err.Error(), "declared in segment files") {
		t.Errorf("the error is %v", err)
	}
}

// TestMeaningFollowsTheTable: another table is another rule set in any case. It is
// another meaning only of a segment that asks it of more than arriving events.
func TestMeaningFollowsTheTable(t *testing.T) {
	changed := strings.Replace(products, "A-2,vases", "A-2,shoes", 1)
	for rule, follows := range map[string]bool{
		`lookup("products", traits.sku).category == "shoes"`:                 true,
		`held(lookup("products", traits.sku).category == "shoes", "1d")`:     true,
		`lookup("products", last(events("A")).sku).category == "shoes"`:      true,
		`any(events("A"), lookup("products", .sku).category == "shoes")`:     false,
		`any(events("A"), any(.items, lookup("products", .sku).sku != nil))`: false,
		`sum(events("A"), float(lookup("products", .sku).price)) > 10`:       false,
	} {
		before, err := rules.Load(looking(rule, products))
		if err != nil {
			t.Fatal(err)
		}
		after, err := rules.Load(looking(rule, changed))
		if err != nil {
			t.Fatal(err)
		}
		if before.Fingerprint() == after.Fingerprint() || before.Tables(0) == after.Tables(0) {
			t.Errorf("%s: the rule set is the same with another table", rule)
		}
		if other := before.Meaning(0) != after.Meaning(0); other != follows {
			t.Errorf("%s: another meaning is %t, want %t", rule, other, follows)
		}
		if again, err := rules.Load(looking(rule, products)); err != nil || again.Fingerprint() != before.Fingerprint() || again.Meaning(0) != before.Meaning(0) {
			t.Errorf("%s: equal tables make another rule set", rule)
		}
		if a, b := before.Schema(), after.Schema(); len(a.Series) > 0 && a.Series[0].Key != b.Series[0].Key {
			t.Errorf("%s: with another table the series is another, so what it has kept is lost", rule)
		}
	}
}

// TestReadsOfLookups: of what is looked up the key is read of events, so that a
// backfill keeps it.
func TestReadsOfLookups(t *testing.T) {
	set, err := rules.Load(looking(`any(events("A"), lookup("products", .item.sku).new) and lookup("products", traits.likes).new`, products))
	if err != nil {
		t.Fatal(err)
	}
	reads := set.Reads()
	if len(reads.Streams) != 1 || len(reads.Streams[0].Properties) != 1 || string(reads.Streams[0].Properties[0]) != string(profile.PathOf("item", "sku")) {
		t.Errorf("of events it reads %+v", reads.Streams)
	}
	if len(reads.Traits) != 1 || string(reads.Traits[0]) != string(profile.PathOf("likes")) {
		t.Errorf("of traits it reads %q", reads.Traits)
	}
}
