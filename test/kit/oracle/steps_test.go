package oracle

import (
	"testing"

	"muster/event"
)

func TestAbandoned(t *testing.T) {
	cart, order := func(back string) event.Event { return track(before(back), "Cart", `{"x":1}`) }, func(back string) event.Event { return track(before(back), "Order", `{}`) }
	hour := `abandoned(events("Cart"), events("Order"), "1h")`
	self := `abandoned(events("Cart"), events("*"), "1h")`
	check(t, []law{
		{"nothing", nil, nil, []string{hour, self}},
		{"only the second", []event.Event{order("2h")}, []string{`not ` + hour}, []string{hour}},
		{"exactly as old", []event.Event{cart("1h")}, []string{hour, self}, nil},
		{"too young", []event.Event{cart("3599s")}, nil, []string{hour}},
		{"bought", []event.Event{cart("3h"), order("2h")}, nil, []string{hour, self}},
		{"bought, and filled again", []event.Event{cart("4h"), order("3h"), cart("2h")}, []string{hour, self}, nil},
		{"filled again just now", []event.Event{cart("4h"), cart("1s")}, nil, []string{hour}},
		{"bought in the same millisecond", []event.Event{cart("2h"), order("2h")}, nil, []string{hour}},
		{"bought before in the same millisecond", []event.Event{order("2h"), cart("2h")}, []string{hour}, nil},
		{"bought late", []event.Event{cart("3h"), late(order("2h"), before("1h"))}, nil, []string{hour}},
		{"bought before, told late", []event.Event{cart("3h"), late(order("4h"), before("1h"))}, []string{hour}, nil},
		{"a filter", []event.Event{cart("3h")}, []string{`abandoned(filter(events("Cart"), .x == 1), events("Order"), "1h")`}, []string{`abandoned(events("Cart") | filter(.x > 1), events("Order"), "1h")`}},
	})
}

func TestSequence(t *testing.T) {
	a, b, c := func(back string) event.Event { return track(before(back), "A", `{"x":1}`) }, func(back string) event.Event { return track(before(back), "B", `{"x":2}`) },
		func(back string) event.Event { return track(before(back), "C", `{}`) }
	ab, abc := `sequence("1h", events("A"), events("B"))`, `sequence("1h", events("A"), events("B"), events("C"))`
	twice := `sequence("1h", events("*"), events("*"))`
	check(t, []law{
		{"nothing", nil, nil, []string{ab}},
		{"exactly an hour", []event.Event{a("3h"), b("2h")}, []string{ab, twice}, []string{abc}},
		{"a second more", []event.Event{a("7201s"), b("1h")}, nil, []string{ab, twice}},
		{"the wrong way round", []event.Event{b("3h"), a("2h")}, []string{twice}, []string{ab}},
		{"first to last", []event.Event{a("3h"), b("150m"), c("119m")}, []string{ab}, []string{abc}},
		{"a later first one fits", []event.Event{a("3h"), a("121m"), b("2h"), c("90m")}, []string{abc}, nil},
		{"in one millisecond", []event.Event{a("2h"), b("2h")}, []string{ab, twice}, nil},
		{"in one millisecond, the wrong way round", []event.Event{b("2h"), a("2h")}, []string{twice}, []string{ab}},
		{"one event is one step", []event.Event{a("2h")}, nil, []string{twice}},
		{"completed late", []event.Event{a("3h"), c("2h"), late(b("150m"), before("1h"))}, []string{abc}, nil},
		{"windows", []event.Event{a("3h"), b("2h")}, []string{`sequence("1h", events("A", "4h"), events("B", "4h"))`}, []string{`sequence("1h", events("A", "3h"), events("B", "3h"))`}},
		{"filters", []event.Event{a("3h"), b("2h")}, []string{`sequence("1h", filter(events("*"), .x == 1), events("*") | filter(.x == 2))`}, []string{`sequence("1h", filter(events("*"), .x == 2), events("*"))`}},
	})
}
