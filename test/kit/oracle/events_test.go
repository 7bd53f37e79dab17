package oracle

import (
	"testing"

	"muster/event"
)

// orders is a small history, told out of order: C is the first to arrive.
func orders() []event.Event {
	return []event.Event{
		track(before("2d"), "Order Completed", `{"sku":"C","price":30,"qty":1,"tags":["x"]}`),
		late(track(before("30d"), "Order Completed", `{"sku":"A","price":10,"qty":2}`), before("36h")),
		late(track(before("7d"), "Order Completed", `{"sku":"B","price":"20","name":"hidden","day":1,"timestamp":5}`), before("30h")),
		track(before("1d"), "Order Refunded", `{"sku":"A","price":10.5,"who":{"id":7}}`),
		track(before("1d"), "Order Refunded", `{"sku":"C","price":null}`),
		at(before("12h"), event.Page, "", `{"path":"/a"}`),
		at(before("11h"), event.Screen, "", `{"path":"/b"}`),
		identify(before("10h"), `{"plan":"pro"}`),
	}
}

func TestStreams(t *testing.T) {
	check(t, []law{
		{
			name:    "events by name, by prefix, all; only behaviour counts",
			history: orders(),
			yes: []string{
				`count(events("Order Completed")) == 3`, `count(events("Order*")) == 5`, `count(events("*")) == 7`, `count(events("Page Viewed")) == 1`,
				`count(events("Screen Viewed")) == 1`, `count(events("order completed")) == 0`, `len(events("Order*")) == 5`,
				`events("Order*") | count() == 5`, `count(events("Order")) == 0`, `count(events("")) == 0`,
			},
		},
		{
			name:    "a window is open where it starts and closed where it ends",
			history: orders(),
			yes: []string{
				`count(events("Order Completed", "30d")) == 2`, `count(events("Order Completed", "31d")) == 3`, `count(events("*", "2d")) == 4`,
				`count(events("*", "49h")) == 5`, `count(events("Order*", "30d", "7d")) == 1`, `count(events("Order*", "30d", "2d")) == 2`,
				`count(events("Order*", "7d", "2d")) == 1`, `count(events("Order*", "7d", "1d")) == 3`, `count(events("Order*", "31d", "30d")) == 1`,
				`count(events("*", "1w")) == 5`, `count(events("*", "720m")) == 1`, `count(events("*", "39601s")) == 1`,
				`count(events("*", since("2026-11-18T12:00:00Z"))) == 5`, `count(events("*", since("2026-11-18T12:00:00.001Z"))) == 4`,
				`count(events("*", since("2026-11-20"))) == 2`, `count(events("*", since("2026-11-18T13:00:00+01:00"))) == 5`,
			},
		},
		{
			name:    "the history is ordered by event time",
			history: orders(),
			yes: []string{
				`first(events("Order Completed")).sku == "A"`, `last(events("Order Completed")).sku == "C"`, `last(events("Order Refunded")).sku == "C"`,
				`first(events("Order Refunded")).sku == "A"`, `first(events("Order Refunded")).who.id == 7`, `last(events("Order Refunded")).who.id == nil`,
				`first(events("*", "7d")).sku == "C"`, `last(filter(events("Order*"), .sku == "A")).event_name == "Order Refunded"`,
				`last(events("Gone")).a.b == nil`, `first(events("Gone")) == nil`, `last(events("Gone")).a.b != 5`, `last(events("Order*")).price == nil`,
			},
			no: []string{`last(events("Gone")).a > 5`, `last(events("Gone")).a == last(events("Gone")).b`},
		},
		{
			name:    "what is known of every event, and properties of other names",
			history: orders(),
			yes: []string{
				`last(events("Order Completed", "30d", "7d")).event_name == "Order Completed"`, `last(events("Order Completed", "30d", "7d")).event_day == "2026-11-13"`,
				`last(events("Order Completed", "30d", "7d")).event_time == date("2026-11-13T12:00:00Z")`, `last(events("*")).event_name == "Screen Viewed"`,
				`any(events("*"), .event_time < "2026-10-22")`, `one(events("*"), .event_time == "2026-11-18T12:00:00Z")`,
				`count(events("*"), .event_day == "2026-11-19") == 2`, `count(events("*"), .event_name startsWith "Order") == 5`,
				`one(events("*"), .name == "hidden")`, `one(events("*"), .day == 1 and .timestamp == 5)`, `one(events("*"), #["name"] == "hidden")`,
				`last(events("Order Completed", "30d", "7d")).name == "hidden"`, `last(events("Order Refunded")).timestamp == nil`,
				`len(uniq(map(events("Order Completed"), .name))) == 2`, `none(events("*"), .name == "Order Completed")`,
			},
		},
		{
			name:    "predicates are total and want true",
			history: orders(),
			yes: []string{
				`count(events("Order*"), .price > 10) == 2`, `count(events("Order*"), not (.price > 10)) == 3`, `count(events("Order*"), .price != 10) == 4`,
				`any(events("Order*"), .price == "20")`, `none(events("Order*"), .gone)`, `all(events("Order*"), .gone == nil)`,
				`one(events("Order*"), .qty == 2)`, `count(events("Order*"), .qty) == 0`, `all(events("Gone"), false)`, `none(events("Gone"), true)`,
				`count(filter(events("Order*"), .price >= 10)) == 3`, `count(filter(events("Order*"), .sku == "A"), .qty > 1) == 1`,
				`events("Order*") | filter(.sku == "C") | count(.price > 1) == 1`, `any(events("Order*"), "x" in .tags)`,
				`any(events("Order*"), any(.tags, # == "x"))`, `let s = events("Order*"); count(s) == 5 and any(s, .sku == "B")`,
				`count(events("*"), {let p = .price; p > 10 and p < 11}) == 1`, `any(events("Order*"), .who.id == 7)`,
			},
			no: []string{`any(events("Gone"), true)`, `one(events("Order*"), .sku == "A")`, `all(events("Order*"), .price > 0)`},
		},
		{
			name:    "sum, mean, min and max skip what is not a number",
			history: orders(),
			yes: []string{
				`sum(events("Order*"), .price) == 50.5`, `sum(map(events("Order*"), .price)) == 50.5`, `sum(events("Gone"), .price) == 0`,
				`sum(events("Order*"), .sku) == 0`, `mean(map(events("Order*"), .price)) == 50.5 / 3`, `min(map(events("Order*"), .price)) == 10`,
				`max(map(events("Order*"), .price)) == 30`, `mean(map(events("Gone"), .price)) == nil`, `min(map(events("Order*"), .sku)) == nil`,
				`max(map(events("Gone"), .x)) == nil`, `sum(events("Order*"), .price * .qty) == 50`, `events("Order*") | map(.price) | max() == 30`,
				`max(map(events("Gone"), .x)) != 1`, `(max(map(events("Gone"), .x)) ?? 3) == 3`,
			},
			no: []string{`mean(map(events("Gone"), .price)) >= 0`, `min(map(events("Gone"), .price)) < 1`},
		},
		{
			name: "a sum is that of the decimals as they are written, in any order",
			history: []event.Event{
				track(before("1h"), "A", `{"x":1}`),
				late(track(before("2h"), "A", `{"x":1e16}`), before("1h")),
				late(track(before("3h"), "A", `{"x":1}`), before("1h")),
			},
			yes: []string{`sum(events("A"), .x) == (1 + 1) + 1e16`},
			no:  []string{`sum(events("A"), .x) == (1 + 1e16) + 1`},
		},
		{
			name: "sums and means are rounded once",
			history: []event.Event{
				track(before("3h"), "A", `{"x":0.1,"y":0.1,"z":1e300,"w":4e-25}`), track(before("2h"), "A", `{"x":0.7,"y":0.2,"z":1,"w":5e-25}`),
				track(before("1h"), "A", `{"y":-0.3}`),
			},
			yes: []string{
				`sum(events("A"), .x) == 0.8`, `mean(map(events("A"), .x)) == 0.4`, `sum(events("A"), .y) == 0`, `sum(events("A"), .z) == 1e24`,
				`sum(events("A"), .w) == 1e-24`, `sum(events("B"), .x) == 0`,
			},
			no: []string{`mean(map(events("B"), .x)) == 0`},
		},
		{
			name: "distinct values: a missing one counts once, numbers by value, arrays by content",
			history: []event.Event{
				track(before("4d"), "A", `{"x":1,"y":[1,2]}`), track(before("3d"), "A", `{"x":1.0,"y":[1,2]}`), track(before("3d"), "A", `{"x":"1","y":[2,1]}`),
				track(before("2d"), "A", `{"x":null}`), track(before("1d"), "A", `{}`), track(before("1d"), "A", `{"x":true}`),
			},
			yes: []string{
				`len(uniq(map(events("A"), .x))) == 4`, `count(uniq(map(events("A"), .x))) == 4`, `len(uniq(map(events("A"), .y))) == 3`,
				`len(uniq(map(events("A"), .event_day))) == 4`, `len(uniq(map(events("A"), .event_name))) == 1`, `len(uniq(map(events("Gone"), .x))) == 0`,
				`events("A") | map(.x) | uniq() | len() == 4`,
			},
		},
	})
}

func TestProfile(t *testing.T) {
	history := []event.Event{
		track(before("5d"), "A", `{}`), late(at(before("9d"), event.Alias, "", `{}`), before("4d")),
		group(before("3d"), "zebra"), group(before("2d"), "ant"), group(before("1d"), "zebra"), group(before("1d"), ""),
	}
	check(t, []law{
		{
			name:    "first and last seen count events of every type; groups are sorted",
			history: history,
			yes: []string{
				`profile.id == "p"`, `profile.first_seen == ago("9d")`, `profile.last_seen == ago("1d")`, `profile.groups == ["ant", "zebra"]`,
				`"ant" in profile.groups`, `len(profile.groups) == 2`, `profile.first_seen < "2026-11-12"`, `any(profile.groups, # startsWith "z")`,
			},
			no: []string{`profile.id == "q"`, `"" in profile.groups`, `profile.first_seen > ago("9d")`},
		},
	})
}

func TestTimes(t *testing.T) {
	check(t, []law{
		{
			name: "two texts that both are times compare as times, others as texts",
			history: append(person(`{"a":"2026-11-21T10:00:00Z","b":"2026-11-21T10:00:00.500Z","c":"2026-11-21T12:00+02","day":"2026-11-21",`+
				`"soon":"soon","n":1795255200,"list":["2026-11-21 10:00","x"],"same":["2026-11-21T10:00:00Z"],"other":["2026-11-21T10:00Z"]}`),
				track(before("1h"), "Paid", `{"at":"2026-11-21T09:00:00-02:00","from":"2026-11-21T10:00","to":"2026-11-21T11:00:00,5+0100"}`)),
			yes: []string{
				`traits.b > traits.a`, `traits.a < traits.b`, `traits.a == traits.c`, `traits.a >= traits.c and traits.a <= traits.c`, `traits.a != traits.b`,
				`traits.day < traits.a`, `traits.day == "2026-11-20T22:00:00-02:00"`, `traits.a == "2026-11-21T11:00:00+01:00"`, `traits.a in ["x", "2026-11-21 10:00"]`,
				`"2026-11-21T10:00:00Z" in traits.list`, `traits.c in traits.list`, `"2026-11-21T10:00Z" == "2026-11-21T11:00+01"`,
				`traits.soon > traits.a`, `traits.soon > "2026-11-21"`, `traits.soon != traits.a`, `last(events("Paid")).at > traits.a`,
				`any(events("Paid"), .to > .from)`, `any(events("Paid"), .from == "2026-11-21T10:00:00.000Z")`, `(traits.gone ?? traits.c) == traits.a`,
				`traits.list == ["2026-11-21 10:00", "x"]`,
			},
			no: []string{
				`traits.b < traits.a`, `traits.a != traits.c`, `traits.n == traits.a`, `traits.n >= traits.a`, `traits.soon < traits.a`, `traits.soon == traits.a`,
				`traits.gone > traits.a`, `traits.a startsWith "2026-11-21 "`, `traits.same == traits.other`, `traits.a not in ["2026-11-21 10:00"]`,
			},
		},
		{
			name:    "texts compare as times when the other side is a time",
			history: person(`{"ends":"2026-11-21","at":"2026-11-20T13:00:00+01:00","later":"2026-11-20T12:00:00.001Z","bad":"soon","n":1795176000000}`),
			yes: []string{
				`traits.ends > now()`, `traits.ends < from_now("13h")`, `traits.ends <= from_now("12h")`, `traits.at == now()`, `now() == traits.at`,
				`traits.later > now()`, `traits.at >= ago("1s")`, `traits.at < from_now("1s")`, `traits.ends == date("2026-11-21T00:00:00Z")`,
				`date("2026-11-20") < traits.at`, `traits.bad != now()`, `now() in [traits.at]`, `ago("1d") == date("2026-11-19T12:00:00Z")`,
				`from_now("2w") == date("2026-12-04T12:00:00Z")`, `traits.ends in [date("2026-11-21")]`,
				`traits.n <= now()`, `traits.n == now()`,
			},
			no: []string{
				`traits.ends < from_now("12h")`, `traits.bad < now()`, `traits.bad >= now()`, `traits.gone < now()`, `traits.n < now()`, `traits.n > now()`,
				`traits.later == now()`, `traits.later <= now()`,
			},
		},
		{
			name: "in every spelling",
			history: person(`{"a":"2026-11-20T12:00Z","b":"2026-11-20 13:00:00+01","c":"2026-11-20t11:30:00,000-0030","d":"2026-11-20T11:59:60z",` +
				`"e":"2026-11-20T12:00:00.000999999","f":1795176000,"g":1795176000000,"h":1795176000.0004}`),
			yes: []string{
				`traits.a == now()`, `traits.b == now()`, `traits.c == now()`, `traits.d == now()`, `traits.e == now()`, `traits.f == now()`,
				`traits.g == now()`, `traits.h == now()`, `date("2026-11-20T12:00") == now()`, `traits.f in [now()]`,
			},
			no: []string{`traits.f == traits.g`, `traits.f == "2026-11-20T12:00:00Z"`},
		},
		{
			name: "what reads like one and is none",
			history: person(`{"a":"2026-11-20T24:00:00Z","b":"2026-11-20T12","c":"2026-11-20T12:00:00.Z","d":"20261120","e":"1795176000",` +
				`"f":1795176000000000,"g":-62167219201,"h":"2026-11-20T12:00:00+24:00","i":true}`),
			no: []string{
				`traits.a != nil and traits.a >= date("0000-01-01")`, `traits.b >= date("0000-01-01")`, `traits.c >= date("0000-01-01")`,
				`traits.d >= date("0000-01-01")`, `traits.e >= date("0000-01-01")`, `traits.f >= date("0000-01-01")`,
				`traits.g <= now()`, `traits.h >= date("0000-01-01")`, `traits.i <= now()`,
			},
		},
	})
}
