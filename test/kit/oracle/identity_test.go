package oracle

import (
	"math/rand/v2"
	"strings"
	"testing"

	"muster/event"
)

// operands are spellings of values of every kind, present and missing.
var operands = []string{
	`traits.b`, `traits.n`, `traits.z`, `traits.s`, `traits.t`, `traits.e`, `traits.l`, `traits.m`, `traits.o`, `traits.gone`, `traits.s.gone`,
	`1`, `0`, `-0.0`, `0.5`, `"a"`, `""`, `"2026-11-20T12:00:00Z"`, `true`, `false`, `now()`, `ago("1d")`, `date("2026-11-20")`, `version("1.2")`,
	`version(traits.t)`, `[1, "a"]`, `[]`, `0 / 0`, `1 / 0`, `last(events("A"))`, `last(events("A")).event_time`, `sum(events("A"), .x)`,
	`max(map(events("B"), .x))`, `traits.n + traits.s`, `len(traits.l)`, `profile.groups`, `profile.first_seen`, `bucket("x")`, `nil`,
}

// identities hold whatever A and B are.
var identities = []string{
	`(A != B) == not (A == B)`, `(A not in B) == not (A in B)`, `(A not contains B) == not (A contains B)`, `(A != nil) == not (A == nil)`,
	`(A == B) == (B == A)`, `(A < B) == (B > A)`, `(A <= B) == (B >= A)`, `not (A < B and A >= B)`, `not (A < B and A == B)`, `not (A < B) or A <= B`,
	`not ((A == nil or B == nil) and (A < B or A <= B or A > B or A >= B or A in [B] or A contains B))`,
	`not A == not (A and true)`, `(A and B) == not (not A or not B)`, `(A ? true : false) == not not A`,
	`(A ?? B) == A or A == nil or A != A`, `(A ?? B) == B or A != nil or B != B`,
	`all(A, .x == 1) == none(A, .x != 1)`, `count(A, # == B) == len(filter(A, # == B))`, `one(A, # == B) == (count(A, # == B) == 1)`,
	`any(A, # == B) == (B in A)`, `none(A, # == B) == (B not in A)`, `not (A in [B]) or A == B`,
}

func TestIdentities(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	history := []event.Event{
		identify(before("2d"), `{"b":true,"n":1,"z":0,"s":"a","t":"2026-11-20","e":"","l":[1,"a",null,true,[]],"m":[],"o":{"x":1}}`),
		track(before("1d"), "A", `{"x":0.5}`),
	}
	for range 4000 {
		identity := identities[r.IntN(len(identities))]
		a, b := operands[r.IntN(len(operands))], operands[r.IntN(len(operands))]
		if b == "nil" && strings.Contains(identity, "# == B") {
			continue // a literal nil makes it another question: is it missing?
		}
		rule := strings.NewReplacer("A", "("+a+")", "B", "("+b+")").Replace(identity)
		if !told(t, rule, history).In("s", "p") {
			t.Errorf("not an identity: %s", rule)
		}
	}
}
