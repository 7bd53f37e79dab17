package rules_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"muster/event"
	"muster/rules"
)

// heard is a vocabulary of some records.
func heard(t *testing.T, records ...string) *rules.Vocabulary {
	t.Helper()
	decoder, err := event.NewDecoder(event.Default())
	if err != nil {
		t.Fatal(err)
	}
	v := rules.NewVocabulary(200_000)
	for _, record := range records {
		decoder.Reset()
		events, rejected := decoder.Decode(nil, nil, []byte(record), 1, 0)
		if len(rejected) > 0 {
			t.Fatalf("%s: %s", record, rejected[0].Reason)
		}
		for i := range events {
			v.Add(&events[i])
		}
	}
	return v
}

// unseen lists what the vocabulary misses in a rule: column, message and hint.
func unseen(t *testing.T, v *rules.Vocabulary, text string) string {
	t.Helper()
	if _, err := rules.Compile([]rules.Segment{rules.NewSegment("s", text)}); err != nil {
		t.Error(err)
	}
	file := "segments:\n  - id: s\n    rule: |\n      " + text + "\n"
	var list []string
	for _, e := range v.Unseen(rules.Source{Name: "a.yaml", Data: []byte(file)}) {
		list = append(list, fmt.Sprintf("%d %s; %s", e.Column-6, e.Message, e.Hint))
	}
	return strings.Join(list, "\n")
}

var sampleOfShop = []string{
	`{"type":"page","userId":"u","properties":{"path":"/x","gone":null}}`,
	`{"type":"track","event":"Order Completed","userId":"u","properties":{"total":5,"name":"x","products":[{"price":5,"size":{"eu":40}},7],"first name":"x"}}`,
	`{"type":"track","event":"Order Completed","userId":"u","properties":{"coupon":{"code":"X"},"tags":["a"]}}`,
	`{"type":"track","event":"Order Refunded","userId":"u","properties":{"reason":"x"}}`,
	`{"type":"identify","userId":"u","traits":{"address":{"city":"Bonn"},"items":[{"sku":1}],"plan":null}}`,
	`{"type":"group","userId":"u","groupId":"g","traits":{"seats":5,"plan":"x"}}`,
	`{"type":"track","event":"Order Refunded","userId":"u","context":{"device":{"type":"tv"},"page":{"path":"/x"}}}`,
	`{"type":"identify","userId":"u","context":{"locale":"de"}}`,
}

func TestUnseen(t *testing.T) {
	v := heard(t, sampleOfShop...)
	for text, want := range map[string]string{
		`count(events("Page Viewed")) > 0 and traits.address.city == "Bonn" and traits.address != nil`:            "",
		`any(events("Order Completed"), .total > 5 and .coupon.code == "X" and "a" in .tags)`:                     "",
		`sum(events("Order*", "7d"), sum(.products, .price * .size.eu)) > 5`:                                      "",
		`any(events("*"), .reason == "x") and last(events("Order*")).reason == "x"`:                               "",
		`any(events("Order Completed"), #["first name"] == "x" and .name == "x")`:                                 "",
		`any(traits.items, .sku == 1 and # != "x") and count(events("*")) > 0 and "g" in profile.groups`:          "",
		`any(events("Order Completed"), .code == "X")`:                                                            `33 no "Order Completed" of the sample has .code; did you mean .coupon.code?`,
		`any(traits.items, any(#.tags, # == "x"))`:                                                                `25 nobody in the sample has traits.items[].tags; there is traits.items[].sku`,
		`any(events("*"), .context.device.type == "tv") and context.locale == "de" and context.page.path == "/x"`: "",
		`any(groups, .seats > 1 and .group_id == "g" and .id == "g")`:                                             "",
		`context.device.tipe == "tv"`:                                                                             `16 nobody in the sample has context.device.tipe; did you mean context.device.type?`,
		`any(events("Order Refunded"), .context.local == "de")`:                                                   `40 no "Order Refunded" of the sample has .context.local; there is .context.device, .context.page`,
		`any(events("*"), .context.devise.type == "tv")`:                                                          `34 no event of the sample has .context.devise.type; did you mean .context.device.type?`,
		`any(groups, .seat > 1)`:                                                                              `14 nobody in the sample has groups[].seat; did you mean groups[].seats?`,
		`count(filter(groups, .plans == "x")) > 0`:                                                            `23 nobody in the sample has groups[].plans; did you mean groups[].plan?`,
		`count(events("page")) > 0`:                                                                           `14 no event of the sample is called "page"; did you mean "Page Viewed"?`,
		`count(events("order_completed")) > 0`:                                                                `14 no event of the sample is called "order_completed"; did you mean "Order Completed"?`,
		`any(events("Checkout"), .whatever > 5)`:                                                              `12 no event of the sample is called "Checkout"; there is "Order Completed", "Order Refunded", "Page Viewed"`,
		`count(events("Oder*")) > 0`:                                                                          `14 no event of the sample has a name that begins with "Oder"; there is "Order Completed"`,
		`traits.addresz.city == "Bonn"`:                                                                       `16 nobody in the sample has traits.addresz.city; did you mean traits.address.city?`,
		`traits.plan == "pro"`:                                                                                `8 nobody in the sample has traits.plan; there is traits.address, traits.items`,
		`held(traits["addresz"]["city"] == "Bonn", "7d")`:                                                     `23 nobody in the sample has traits.addresz.city; did you mean traits.address.city?`,
		`any(events("Order Completed"), .totall > 5)`:                                                         `33 no "Order Completed" of the sample has .totall; did you mean .total?`,
		`any(events("Order Completed"), .path == "/x")`:                                                       `33 no "Order Completed" of the sample has .path; "Page Viewed" has it`,
		`any(events("Order*"), .path == "/x")`:                                                                `24 no "Order*" of the sample has .path; "Page Viewed" has it`,
		`any(events("*"), .gone)`:                                                                             `19 no event of the sample has .gone; there is .coupon, .name, .products, .tags, .total`,
		`last(events("Order Completed")).totall > 5`:                                                          `33 no "Order Completed" of the sample has .totall; did you mean .total?`,
		`sum(map(events("Order Completed"), .totall)) > 5`:                                                    `37 no "Order Completed" of the sample has .totall; did you mean .total?`,
		`any(events("Order Completed"), sum(filter(.products, .prize > 1), .price) > 1)`:                      `55 no "Order Completed" of the sample has .products[].prize; did you mean .products[].price?`,
		`any(events("Order Completed"), sum(.product, .price) > 1)`:                                           `37 no "Order Completed" of the sample has .product; did you mean .products?`,
		`sequence("1h", events("Order Completed"), filter(events("Order Refund"), .reason == "x"))`:           `57 no event of the sample is called "Order Refund"; did you mean "Order Refunded"?`,
		`let a = traits.address; a.town == "Bonn"`:                                                            `27 nobody in the sample has traits.address.town; there is traits.address.city`,
		`let s = filter(events("Order Completed"), .totl > 5); count(s) > 1 and any(s, .total > 6)`:           `44 no "Order Completed" of the sample has .totl; did you mean .total?`,
		`len(uniq(flatten(map(events("Order Completed"), map(.products, .skuu))))) > 1`:                       `65 no "Order Completed" of the sample has .products[].skuu; there is .products[].price, .products[].size`,
		`any(events("Order Completed"), .event_tme > 5)`:                                                      `33 no "Order Completed" of the sample has .event_tme; did you mean .event_time?`,
		`count(events("page")) > 0 or count(events("page")) > 1 or traits.plan == "x" and traits.plan != "y"`: "14 no event of the sample is called \"page\"; did you mean \"Page Viewed\"?\n43 no event of the sample is called \"page\"; did you mean \"Page Viewed\"?\n66 nobody in the sample has traits.plan; there is traits.address, traits.items\n89 nobody in the sample has traits.plan; there is traits.address, traits.items",
	} {
		if got := unseen(t, v, text); got != want {
			t.Errorf("%s\n  got  %q\n  want %q", text, got, want)
		}
	}
}

// TestUnseenSaysNothingOfWhatItCanNotKnow: without an identify call nothing is
// said of traits, and of rules that can't be read nothing at all.
func TestUnseenSaysNothingOfWhatItCanNotKnow(t *testing.T) {
	v := heard(t, sampleOfShop[:2]...)
	asked := rules.Asked{Events: 1, Traits: 2, Properties: 3, Contexts: 4, Groups: 5}
	if got, want := v.Lacks(asked), (rules.Asked{Traits: 2, Contexts: 4, Groups: 5}); got != want {
		t.Errorf("lacks %+v, want %+v", got, want)
	}
	if got := unseen(t, v, `traits.plan == "pro" or context.x == 1 or any(groups, .x) or any(events("*"), .context.x)`); got != "" {
		t.Errorf("without an identify call: %s", got)
	}
	if found := v.Unseen(rules.Source{Name: "a.yaml", Data: []byte("segments:\n  - id: s\n    rule: traits.plan =\n")}); len(found) > 0 {
		t.Errorf("of a rule that can't be read: %v", found)
	}
}

// TestVocabularyIsBounded: beyond a bound nothing is noted, and nothing is
// said of what may have been there.
func TestVocabularyIsBounded(t *testing.T) {
	v := rules.NewVocabulary(2_000)
	one := event.Event{Type: event.Track}
	for i := range 101 {
		one.Name = fmt.Sprint("event ", i)
		v.Add(&one)
	}
	if !v.Full() || v.Names() != 100 {
		t.Errorf("full: %v, with %d names", v.Full(), v.Names())
	}
	if got := unseen(t, v, `count(events("page")) > 0 or any(events("*"), .x > 5)`); got != "" {
		t.Errorf("a full vocabulary misses %s", got)
	}
	v = rules.NewVocabulary(2_000)
	for i := range 501 {
		key := fmt.Sprint("key-", i)
		v.Add(&event.Event{Type: event.Identify, Body: event.ObjectOf([]event.Value{event.StringOf(key), event.NumberOf(1)})})
	}
	if got := unseen(t, v, `traits.plan == "x" and count(events("page")) > 0`); !v.Full() || strings.Contains(got, "traits") || !strings.Contains(got, "page") {
		t.Errorf("full: %v, misses %s", v.Full(), got)
	}
}

func TestAskedOf(t *testing.T) {
	file := `
segments:
  - {id: a, rule: 'count(events("A")) > 0 and any(events("A"), .x > 1) and any(events("B*"), .x > 2 and .y.z) and traits.a > 1'}
  - {id: b, rule: 'count(events("*")) > 0 and traits.a > 1 and traits.a.b and any(traits.l, .c) and context.a == 1 and any(events("*"), .context.a == 1 and .context.b == 2) and any(groups, .g)'}
`
	want := rules.Asked{Events: 2, Traits: 4, Properties: 2, Contexts: 2, Groups: 1}
	if got := rules.AskedOf(rules.Source{Name: "a.yaml", Data: []byte(file)}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestVocabularyIsTold: what a service tells of its vocabulary misses and knows
// the same, and says what it could not note.
func TestVocabularyIsTold(t *testing.T) {
	v, again := heard(t, sampleOfShop...), rules.NewVocabulary(0)
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, again); err != nil {
		t.Fatal(err)
	}
	second, _ := json.Marshal(again)
	if string(text) != string(second) {
		t.Errorf("%s\nis told again as\n%s", text, second)
	}
	rule := `any(events("Order Completed"), .totall > 5 and .coupon.code == "X") and traits.address.town == "x" and any(events("page"), .x)`
	if got, want := unseen(t, again, rule), unseen(t, v, rule); got != want {
		t.Errorf("%s\nof the one it is told of\n%s", got, want)
	}
	if again.Events() != v.Events() || again.Names() != v.Names() || again.Full() {
		t.Errorf("%d events, %d names, full %v", again.Events(), again.Names(), again.Full())
	}
	if err := json.Unmarshal([]byte(`{"events":"x"}`), again); err == nil {
		t.Error("what is no vocabulary is read")
	}
}
