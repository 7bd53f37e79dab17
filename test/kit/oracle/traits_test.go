package oracle

import (
	"testing"

	"muster/event"
)

func person(traits string) []event.Event {
	return []event.Event{identify(before("1h"), traits)}
}

func TestValues(t *testing.T) {
	check(t, []law{
		{
			name:    "a comparison with a missing or wrongly typed operand is false",
			history: person(`{"age":30,"plan":"pro","on":true,"none":null,"tags":["a"],"address":{"city":"Bonn"}}`),
			yes: []string{
				`traits.age > 5`, `traits.age >= 30`, `traits.age <= 30`, `traits.age < 30.25`, `5 < traits.age`,
				`traits.plan > "pr"`, `traits.plan <= "pro"`, `"a" < "b"`, `"B" < "a"`, `10 < traits.age < 40`,
			},
			no: []string{
				`traits.gone > 5`, `traits.gone < 5`, `traits.gone >= traits.gone`, `5 < traits.gone`, `traits.none < 5`,
				`traits.plan > 5`, `traits.age > "5"`, `traits.on > false`, `traits.on >= true`, `traits.tags > 0`,
				`traits.address >= traits.address`, `traits.tags <= traits.tags`, `nil < 5`, `10 < traits.age < 20`,
			},
		},
		{
			name: "conversions, and what can't be converted is missing",
			history: person(`{"i":3,"f":3.9,"neg":-3.9,"tiny":1e-7,"large":1e21,"huge":9007199254740994,"t":"12","d":"12.50","e":"-1.5e2","plus":"+7","zeros":"007","space":" 12",` +
				`"words":"twelve","empty":"","hex":"0x10","under":"1_000","inf":"Inf","past":"1e400","long":"9007199254740993","on":true,"list":[1],"box":{"a":1},"zero":-0.0,` +
				`"at":"2026-11-21","ms":1795176000000,"dot":".5","end":"5."}`),
			yes: []string{
				`float(traits.i) == 3`, `float(traits.t) == 12`, `float(traits.d) == 12.5`, `float(traits.e) == -150`, `float(traits.plus) == 7`, `float(traits.zeros) == 7`,
				`float(traits.dot) == 0.5`, `float(traits.end) == 5`, `float(traits.space) == nil`, `float(trim(traits.space)) == 12`, `float(traits.words) == nil`,
				`float(traits.empty) == nil`, `float(traits.hex) == nil`, `float(traits.under) == nil`, `float(traits.inf) == nil`, `float(traits.past) == nil`,
				`float(traits.on) == nil`, `float(traits.list) == nil`, `float(traits.box) == nil`, `float(traits.gone) == nil`, `not (float(traits.words) > 0)`,
				`int(traits.i) == 3`, `int(traits.f) == 3`, `int(traits.neg) == -3`, `int(traits.t) == 12`, `int(traits.d) == nil`, `int(traits.e) == nil`,
				`int(traits.plus) == 7`, `int(traits.zeros) == 7`, `int(traits.space) == nil`, `int(traits.on) == nil`, `int(traits.huge) == nil`, `int(traits.long) == nil`,
				`int(float(traits.d)) == 12`, `int("12") == 12`, `float("2.5") == 2.5`, `int(2.5) == 2`, `string(12) == "12"`,
				`string(traits.i) == "3"`, `string(traits.f) == "3.9"`, `string(traits.neg) == "-3.9"`, `string(traits.zero) == "0"`, `string(traits.tiny) == "1e-7"`,
				`string(traits.large) == "1e+21"`, `string(traits.huge) == "9007199254740994"`, `string(traits.on) == "true"`, `string(traits.words) == "twelve"`,
				`string(traits.empty) == ""`, `string(traits.list) == nil`, `string(traits.box) == nil`, `string(traits.gone) == nil`, `string(traits.i) in ["3", "7"]`,
				`string(profile.last_seen) == "2026-11-20T11:00:00.000Z"`,
				`date(traits.at) == date("2026-11-21T00:00:00Z")`, `date(traits.at) > now()`, `date(traits.ms) == now()`, `date(traits.words) == nil`, `date(traits.on) == nil`,
				`date(traits.list) == nil`, `date(traits.at) > date(traits.ms)`, `date(traits.ms) < traits.at`,
			},
			no: []string{
				`float(traits.words) < 0`, `float(traits.gone) >= 0`, `string(traits.i) == "3.0"`, `string(traits.gone) == ""`, `int(traits.words) <= 0`, `date(traits.gone) < now()`,
			},
		},
		{
			name:    "equality is of like with like, and != is its complement",
			history: person(`{"age":30,"plan":"pro","on":true,"zero":0,"text":"30","list":[1,"a",null],"twin":[1,"a",null],"other":["a",1,null],"box":{"a":1,"b":{"c":[2]}},"box2":{"b":{"c":[2]},"a":1},"box3":{"a":1}}`),
			yes: []string{
				`traits.age == 30`, `traits.age == 30.0`, `traits.plan == "pro"`, `traits.on == true`, `traits.list == traits.twin`,
				`traits.box == traits.box2`, `traits.age != "30"`, `traits.gone != 5`, `traits.gone != traits.gone2`,
				`traits.gone != true`, `traits.on != "true"`, `traits.zero != false`, `traits.list != traits.other`,
				`traits.box != traits.box3`, `not (traits.gone == 5)`, `[1, 2] == [1, 2]`, `traits.text != traits.age`,
			},
			no: []string{
				`traits.age == "30"`, `traits.age != 30`, `traits.gone == traits.gone2`, `traits.gone == ""`, `traits.gone == 0`,
				`traits.gone == false`, `traits.zero == false`, `traits.on == 1`, `traits.list == traits.other`,
				`traits.box == traits.box3`, `traits.list == "a"`, `traits.box == 1`, `[1, 2] == ["1", "2"]`,
			},
		},
		{
			name:    "a literal nil tests presence",
			history: person(`{"age":0,"empty":"","list":[],"none":null,"off":false,"address":{"city":"Bonn"},"bare":{}}`),
			yes: []string{
				`traits.gone == nil`, `nil == traits.gone`, `traits.none == nil`, `traits.age != nil`, `traits.empty != nil`,
				`traits.list != nil`, `traits.off != nil`, `traits.address != nil`, `traits.address.city != nil`,
				`traits.address.zip == nil`, `traits.bare == nil`, `traits.gone.deep.deeper == nil`, `traits.age.x == nil`,
				`traits?.gone?.deep == nil`,
			},
			no: []string{`traits.age == nil`, `traits.gone != nil`, `nil != traits.none`, `traits.bare != nil`, `traits.off == nil`},
		},
		{
			name:    "in looks for an equal element in an array or a range",
			history: person(`{"country":"DE","tags":["vip","b",3,[1]],"age":18,"half":18.5,"box":{"DE":1},"text":"18","none":null,"three":3}`),
			yes: []string{
				`traits.country in ["DE", "FR"]`, `"vip" in traits.tags`, `3 in traits.tags`, `traits.three in traits.tags`,
				`traits.age in 18..25`, `traits.age in -5..18`, `traits.age in [18.0]`, `traits.country not in ["US"]`,
				`traits.gone not in ["US"]`, `not (traits.gone in [nil])`, `[1] in traits.tags`, `traits.half not in 18..25`,
				`traits.gone not in traits.gone`, `"x" not in traits.country`,
			},
			no: []string{
				`traits.country in ["US"]`, `traits.country in []`, `traits.gone in ["", "a"]`, `traits.gone in [nil]`, `"DE" in traits.box`,
				`"D" in traits.country`, `"vip" in traits.gone`, `traits.half in 18..25`, `traits.text in 18..25`, `traits.age in 19..25`,
				`traits.age in 25..18`, `traits.gone in 0..9`, `traits.text in [18]`, `nil in traits.tags`, `traits.country not in ["DE"]`,
			},
		},
		{
			name:    "string operators want two strings",
			history: person(`{"mail":"Ann@example.com","age":5,"tags":["ex"]}`),
			yes: []string{
				`traits.mail contains "@ex"`, `traits.mail startsWith "Ann"`, `traits.mail endsWith ".com"`, `traits.mail contains ""`,
				`traits.mail matches "^[A-Z][a-z]+@"`, `not (traits.mail matches "^a")`, `traits.gone not contains "a"`,
				`not (traits.age startsWith "5")`, `traits.tags not contains "ex"`,
			},
			no: []string{
				`traits.gone contains ""`, `traits.age contains "5"`, `traits.tags contains "ex"`, `traits.mail startsWith traits.gone`,
				`traits.gone matches ".*"`, `traits.age matches "5"`, `traits.gone endsWith "a"`, `traits.mail not contains "@"`,
				`"abc" contains traits.age`,
			},
		},
	})
}

func TestOperations(t *testing.T) {
	check(t, []law{
		{
			name:    "arithmetic on anything but numbers is missing",
			history: person(`{"a":7,"b":2,"h":0.5,"n":-7,"s":"x","t":"y","on":true,"d":0.1,"e":0.2}`),
			yes: []string{
				`traits.a + traits.b == 9`, `traits.a - traits.b == 5`, `traits.a * traits.b == 14`, `traits.a / traits.b == 3.5`,
				`traits.a % traits.b == 1`, `traits.n % traits.b == -1`, `traits.a ** 2 == 49`, `traits.b ^ 3 == 8`, `-traits.a == -7`,
				`+traits.a == 7`, `traits.s + traits.t == "xy"`, `traits.a / 0 == nil`, `traits.a / -0.0 == nil`, `0 / 0 == nil`, `traits.a * 1e308 == nil`, `0 ** -1 == nil`, `traits.a % 0 == nil`, `traits.h % 2 == nil`,
				`traits.a % traits.h == nil`, `traits.a + traits.gone == nil`, `traits.a + traits.s == nil`, `traits.s * 2 == nil`,
				`-traits.s == nil`, `+traits.s == nil`, `traits.on + 1 == nil`, `traits.s - traits.t == nil`, `traits.d + traits.e != 0.3`,
				`traits.gone / 2 == nil`, `2 ** 0.5 > 1.41`, `-2 ** 2 == -4`,
			},
			no: []string{
				`traits.a / 0 > 1e308`, `traits.a / -0.0 < 0`, `0 / 0 == 0 / 0`, `0 / 0 < 1`, `0 / 0 >= 1`, `traits.a + traits.gone > 0`, `traits.a + traits.gone < 0`,
				`9007199254740993 != 9007199254740992`,
			},
		},
		{
			name:    "where a condition is wanted only true is true",
			history: person(`{"on":true,"off":false,"word":"true","one":1}`),
			yes: []string{
				`traits.on`, `not traits.off`, `not traits.gone`, `!traits.word`, `not traits.one`, `traits.on and not traits.one`,
				`traits.gone or traits.on`, `traits.gone ? false : true`, `traits.word ? false : true`, `if traits.gone { false } else { true }`,
				`(traits.on ? 1 : 2) == 1`, `(traits.off ? 1 : 2) == 2`, `(if traits.one { 1 } else { 2 }) == 2`, `traits.on && !traits.off`,
				`traits.off || traits.on`, `(traits.on ?: false) == true`,
			},
			no: []string{
				`traits.gone`, `traits.word`, `traits.one`, `traits.off`, `not traits.on`, `traits.one and traits.on`, `traits.gone and traits.on`,
				`traits.gone or traits.one`, `nil`, `1`, `"x"`, `not not traits.one`, `traits.gone ?? traits.one`,
			},
		},
		{
			name:    "?? stands in for a missing value only",
			history: person(`{"zero":0,"off":false,"empty":""}`),
			yes: []string{
				`(traits.gone ?? 5) == 5`, `(traits.zero ?? 5) == 0`, `(traits.empty ?? "x") == ""`, `(traits.off ?? true) == false`,
				`(traits.gone ?? traits.gone2 ?? 7) == 7`, `(traits.gone ?? nil) == nil`, `traits.gone.deep ?? true`,
			},
			no: []string{`traits.off ?? true`, `(traits.zero ?? 5) == 5`},
		},
		{
			name:    "len, lower, upper and trim",
			history: person(`{"name":" Zoë ","tags":["a","b"],"none":[],"n":5,"box":{"a":1}}`),
			yes: []string{
				`len(traits.name) == 5`, `len(traits.tags) == 2`, `len(traits.none) == 0`, `len(traits.n) == nil`, `len(traits.box) == nil`,
				`len(traits.gone) == nil`, `lower(traits.name) == " zoë "`, `upper(trim(traits.name)) == "ZOË"`, `lower(traits.n) == nil`,
				`trim(traits.tags) == nil`, `traits.name | trim() | len() == 3`,
			},
			no: []string{`len(traits.gone) == 0`, `len(traits.n) >= 0`, `upper(traits.gone) == ""`},
		},
		{
			name:    "versions are ordered as semver does, of any number of parts",
			history: person(`{"app":"2.9.3","v":"v2.10.0","short":"2.10","pre":"2.10.0-rc.1","build":"2.10.0+7","bad":"two","n":2}`),
			yes: []string{
				`version(traits.app) < version("2.10.0")`, `version(traits.v) == version("2.10.0")`, `version(traits.short) == version("2.10.0")`,
				`version(traits.pre) < version("2.10.0")`, `version(traits.build) == version("2.10.0")`, `version(traits.bad) == nil`,
				`version(traits.n) == nil`, `version(traits.gone) == nil`, `version(traits.bad) != version("2.0.0")`,
				`version(traits.short) in [version("1.0.0"), version("2.10.0")]`,
			},
			no: []string{
				`version(traits.bad) < version("2.10.0")`, `version(traits.bad) >= version("0.0.0")`, `version(traits.app) < "2.10.0"`,
				`version(traits.v) == "v2.10.0"`, `version(traits.n) <= version("2.0.0")`,
			},
		},
		{
			name:    "quantifiers over an array see its elements; anything else is an empty array",
			history: person(`{"tags":["bar","foo",7,null],"items":[{"sku":"A","n":1},{"sku":"B","n":5}],"word":"bar","none":[]}`),
			yes: []string{
				`any(traits.tags, # startsWith "b")`, `one(traits.tags, # == 7)`, `count(traits.tags, # != nil) == 3`,
				`none(traits.tags, # == "x")`, `any(traits.items, .sku == "B" and .n > 4)`, `all(traits.items, .n > 0)`,
				`all(traits.items, #.n > 0)`, `all(traits.gone, false)`, `none(traits.gone, true)`, `all(traits.word, false)`,
				`count(traits.gone, true) == 0`, `none(traits.none, true)`, `all(traits.items, .gone == nil)`, `any(traits.tags, # == nil)`,
				`count(traits.tags) == 4`, `none(traits.tags, #)`, `none(traits.tags, .sku == "A")`,
			},
			no: []string{
				`any(traits.gone, true)`, `one(traits.gone, true)`, `all(traits.tags, # startsWith "b")`, `any(traits.items, .sku == "B" and .n < 4)`,
				`any(traits.word, true)`, `any(traits.tags, # > 7)`, `one(traits.items, .n > 0)`, `all(traits.tags, # != nil)`,
			},
		},
		{
			name:    "let is inlined",
			history: person(`{"a":3}`),
			yes:     []string{`let x = traits.a; x > 2 and x < 4`, `let x = traits.gone; x == nil`, `let x = 1; let y = x + 1; y == 2`},
			no:      []string{`let x = traits.gone; x > 2`},
		},
	})
}

func TestTraitWrites(t *testing.T) {
	write := func(back, traits string) event.Event { return identify(before(back), traits) }
	check(t, []law{
		{
			name:    "the last write by event time wins, whatever the order of the log",
			history: []event.Event{write("2h", `{"plan":"new"}`), late(write("3h", `{"plan":"old","age":1}`), before("1h"))},
			yes:     []string{`traits.plan == "new"`, `traits.age == 1`},
		},
		{
			name:    "a tie goes to the later in the log",
			history: []event.Event{write("2h", `{"plan":"a"}`), write("2h", `{"plan":"b"}`)},
			yes:     []string{`traits.plan == "b"`},
		},
		{
			name:    "null removes the trait and all below it",
			history: []event.Event{write("3h", `{"plan":"a","address":{"city":"x","geo":{"lat":1}},"keep":1}`), write("2h", `{"plan":null,"address":null}`)},
			yes:     []string{`traits.plan == nil`, `traits.address == nil`, `traits.address.geo.lat == nil`, `traits.keep == 1`},
		},
		{
			name:    "a null older than the value removes nothing",
			history: []event.Event{write("2h", `{"plan":"a"}`), late(write("3h", `{"plan":null}`), before("1h"))},
			yes:     []string{`traits.plan == "a"`},
		},
		{
			name:    "a parent without leaves does not exist",
			history: []event.Event{write("3h", `{"address":{"city":"x"},"a":{"b":{"c":1}}}`), write("2h", `{"address":{"city":null},"a":{"b":{"c":null}}}`)},
			yes:     []string{`traits.address == nil`, `traits.a == nil`},
		},
		{
			name:    "leaves merge; a scalar replaces what is below, and a leaf replaces a scalar above",
			history: []event.Event{write("5h", `{"a":{"x":1,"y":2},"b":{"x":1},"c":"text","d":[1,2]}`), write("4h", `{"a":{"x":9},"b":"flat","c":{"x":1},"d":{"x":1}}`)},
			yes:     []string{`traits.a.x == 9`, `traits.a.y == 2`, `traits.b == "flat"`, `traits.b.x == nil`, `traits.c.x == 1`, `traits.c != "text"`, `traits.d.x == 1`, `len(traits.d) == nil`},
		},
		{
			name:    "an array is one leaf, an empty one too; an empty object writes nothing",
			history: []event.Event{write("5h", `{"list":[1,2,3],"full":[1],"box":{"a":1},"plan":"a"}`), write("4h", `{"list":[{"a":1}],"full":[],"box":{},"plan":{}}`)},
			yes:     []string{`len(traits.list) == 1`, `traits.list == traits.list`, `len(traits.full) == 0`, `traits.full != nil`, `traits.box.a == 1`, `traits.plan == "a"`},
		},
		{
			name:    "null below a scalar replaces the scalar, as any field does",
			history: []event.Event{write("5h", `{"plan":"a"}`), write("4h", `{"plan":{"x":null}}`)},
			yes:     []string{`traits.plan == nil`},
		},
		{
			name:    "traits are read by any name; those of a group call are not the profile's",
			history: []event.Event{write("5h", `{"first name":"Ann","address":{"post code":"1"}}`), group(before("4h"), "g")},
			yes:     []string{`traits["first name"] == "Ann"`, `traits.address["post code"] == "1"`, `traits.plan == nil`},
		},
	})
}
