package engine_test

import (
	"fmt"
	"testing"

	"muster/event"
	"muster/test/kit/generate"
	"muster/test/soak"
)

// everyPredicate are conditions on traits.x, one for each way in which the
// index looks at a value.
var everyPredicate = []string{
	`traits.x`, `traits.x == true`, `traits.x != true`, `traits.x == false`, `traits.x == nil`, `traits.x != nil`,
	`traits.x == 1`, `traits.x != 1`, `traits.x > 1`, `traits.x >= 1`, `traits.x < 1`, `traits.x <= 1`, `traits.x in 0..5`, `traits.x not in 0..5`,
	`traits.x in [1, 2.5]`, `traits.x not in [1, 2.5]`, `0 < traits.x < 3`, `traits.x % 2 == 1`, `-traits.x < 0`, `traits.x + 1 > 2`, `(traits.x ?? 7) > 5`,
	`traits.x == "pro"`, `traits.x != "pro"`, `traits.x > "b"`, `traits.x <= "pro"`, `traits.x in ["pro", "free"]`, `traits.x not in ["pro", "free"]`,
	`traits.x in [1, "pro", true]`, `traits.x not in [1, "pro", true]`, `(traits.x ?? "pro") == "pro"`, `traits.x + "s" == "pros"`,
	`traits.x contains "r"`, `traits.x startsWith "p"`, `traits.x endsWith "o"`, `traits.x matches "^[a-z]+$"`, `not (traits.x contains "")`,
	`lower(traits.x) == "pro"`, `upper(traits.x) in ["PRO"]`, `trim(traits.x) == "pro"`, `len(traits.x) == 3`, `len(traits.x) != 2`,
	`version(traits.x) >= version("2.0.0")`, `version(traits.x) != version("2.0.0")`, `version(traits.x) == nil`,
	`traits.x < now()`, `traits.x > ago("7d")`, `traits.x <= date("2026-10-05")`, `traits.x != date("2026-10-01")`,
	`"vip" in traits.x`, `1 not in traits.x`, `any(traits.x, # == "vip")`, `all(traits.x, # != 1)`, `none(traits.x, # == 1)`, `count(traits.x, # == 1) > 0`,
	`traits.x == traits.y`, `traits.x != traits.y`, `traits.x < traits.y`, `traits.x.city == "pro"`, `traits.x.city != nil`, `traits.x.city > 1`,
	`traits.x ? traits.y == 1 : traits.x == 1`,
	`float(traits.x) == 1`, `float(traits.x) >= 2.5`, `float(traits.x) == nil`, `int(traits.x) < 2`, `int(traits.x) in 0..5`, `int(traits.x) != 12`,
	`string(traits.x) == "1"`, `string(traits.x) in ["true", "2.5", "pro"]`, `string(traits.x) startsWith "2"`, `string(traits.x) > "1"`, `string(traits.x) != nil`,
	`date(traits.x) < now()`, `date(traits.x) >= date("2026-10-05")`, `date(traits.x) != nil`, `date(float(traits.x)) > ago("7d")`, `float(traits.x) > float(traits.y)`,
	`traits.x == "2026-10-05"`, `traits.x != "2026-10-05"`, `traits.x < "2026-10-05"`, `traits.x >= "2026-10-05T02:00+02"`, `traits.x > "2026-10-01" and traits.x <= "2026-10-05"`,
	`traits.x in ["pro", "2026-10-05", 1]`, `traits.x not in ["2026-10-01T00:00:00.001"]`, `"2026-10-05" in traits.x`, `(traits.x ?? "2026-10-05") >= "2026-10-05 00:00"`,
	`"2026-10-05" > traits.x`, `string(traits.x) == "2026-10-05T00:00"`, `lower(traits.x) < "2026-10-05T00:00"`,
}

// everyKind are values of every kind; a missing one takes the trait away.
func everyKind() []event.Value {
	object := func(city event.Value) event.Value { return event.ObjectOf([]event.Value{text("city"), city}) }
	return []event.Value{
		{}, number(1), number(2.5), number(-3), text("pro"), text("Pro "), text("free"), text(""), text("2.10.0"), text("2026-10-05"), text("2026-10-01T00:00:00.001Z"),
		text("2026-10-05 02:00+02"), number(1790812800), number(1790812800001), number(-1e12), number(1e15), number(-0.5),
		text("12"), text("1.0"), text("2.5e0"), text("0x1"), text("1_2"), text(" 1"), text("9007199254740993"), text("1795000000.9"), text("2026-10-04T24:00"),
		event.BoolOf(true), event.BoolOf(false), event.ArrayOf([]event.Value{}), event.ArrayOf([]event.Value{number(1), text("vip")}),
		event.ArrayOf([]event.Value{{}, text("vip")}), event.ArrayOf([]event.Value{text("2026-10-05T00:00Z")}), object(text("pro")), object(number(2)), object(event.Value{}),
	}
}

// TestAValueOfAnyKindMayFollowAnyOther moves one attribute from every value
// to every other under every kind of predicate, alone and combined.
func TestAValueOfAnyKindMayFollowAnyOther(t *testing.T) {
	c := soak.Case{}
	add := func(text string) {
		c.Rules = append(c.Rules, soak.Rule{ID: fmt.Sprintf("s%03d", len(c.Rules)), Text: text})
	}
	for i, predicate := range everyPredicate {
		other := everyPredicate[(i*7+3)%len(everyPredicate)]
		add(predicate)
		add("not (" + predicate + ")")
		add(predicate + " and not (" + other + ")")
		add("(" + predicate + " or " + other + ") and traits.y == 1")
	}
	clock := generate.Start
	put := func(trait string, v event.Value) {
		clock += 1000
		c.Steps = append(c.Steps, soak.Step{Event: &event.Event{
			Type: event.Identify, Profile: "p", Time: clock, Arrival: clock, Body: event.ObjectOf([]event.Value{text(trait), v}),
		}})
	}
	values := everyKind()
	for i, from := range values {
		put("y", values[(i+1)%3])
		for _, to := range values {
			put("x", from)
			put("x", to)
		}
	}
	for _, stored := range []bool{false, true} {
		c.Stored = stored
		tally, err := soak.Compare(&c, soak.NewShard)
		if err != nil {
			t.Fatalf("stored %t: %v", stored, err)
		}
		if tally.Changes < tally.AtEvents/20 {
			t.Errorf("only %d changes in %d decisions", tally.Changes, tally.AtEvents)
		}
		t.Logf("stored %t: %d decisions, %d changes", stored, tally.AtEvents, tally.Changes)
	}
}
