package rules_test

import (
	"strings"
	"testing"

	"muster/event"
	"muster/rules"
)

func ad(pairs ...any) *event.Event {
	var body []event.Value
	for _, v := range pairs {
		switch v := v.(type) {
		case string:
			body = append(body, event.StringOf(v))
		case float64:
			body = append(body, event.NumberOf(v))
		case bool:
			body = append(body, event.BoolOf(v))
		}
	}
	return &event.Event{Type: event.Track, Name: "Ad Viewed", Body: event.ObjectOf(body)}
}

// TestPredicate asks the same of an event in both ways of writing.
func TestPredicate(t *testing.T) {
	ev := ad("ad", "x5", "site", "auto.example", "price", 12.5, "clicked", true)
	names := []string{"ad", "site", "price", "clicked", "missing"}
	for text, want := range map[string]bool{
		`.ad == "x5" and .site startsWith "auto"`: true,
		`.ad == "x5" and .site startsWith "news"`: false,
		`.clicked`:                      true,
		`not .clicked or .price > 20`:   false,
		`.price >= 12.5`:                true,
		`(.price > 10) and (.ad != "")`: true,
		`.missing == nil`:               true,
		`lower(.ad) in ["x5", "x6"]`:    true,
		`.missing > 3`:                  false,
	} {
		p, wrong := rules.NewPredicate(text, nil)
		if len(wrong) > 0 {
			t.Fatalf("%s: %v", text, wrong)
		}
		bare := strings.ReplaceAll(strings.ReplaceAll(text, " .", " "), "(.", "(")
		named, wrong := rules.NewPredicate(strings.TrimPrefix(bare, "."), names)
		if len(wrong) > 0 {
			t.Fatalf("%s: %v", bare, wrong)
		}
		if p.Holds(ev) != want || named.Holds(ev) != want {
			t.Errorf("%s: %t and with names %t, want %t", text, p.Holds(ev), named.Holds(ev), want)
		}
	}
}

// TestMistakesOfPredicates have the column of what is wrong.
func TestMistakesOfPredicates(t *testing.T) {
	for _, one := range []struct {
		text, names string
		column      int
		want        string
	}{
		{`.price > `, "", 10, "unexpected )"},
		{`.price`, "", 0, ""},
		{`.price == traits.limit`, "", 11, "can't be used inside"},
		{`lower(.ad)`, "", 1, "a condition is wanted"},
		{`true) or any(x, false`, "", 1, "brackets don't match"},
		{`.a) or (.b`, "", 9, "unexpected ."},
		{`count(events("A")) > 1`, "", 7, "events can't be used"},
		{``, "", 1, "empty"},
		{`adx == "x5"`, "ad site", 1, "did you mean ad?"},
		{`ad == "x5" and country == "DE"`, "ad site", 16, "the names are ad, site"},
		{`ad == "x5" and .site == "a"`, "ad site", 16, "unexpected ."},
		{`ad = "x5"`, "ad site", 4, "equality is written =="},
	} {
		_, wrong := rules.NewPredicate(one.text, strings.Fields(one.names))
		if one.want == "" {
			if len(wrong) > 0 {
				t.Errorf("%s: %v", one.text, wrong)
			}
			continue
		}
		if len(wrong) != 1 || wrong[0].Column != one.column || !strings.Contains(wrong[0].Error(), one.want) {
			t.Errorf("%q: %v; want column %d, %s", one.text, wrong, one.column, one.want)
		}
	}
}
