package rules_test

import (
	"testing"

	"muster/test/kit/ruleset"
)

func TestByValues(t *testing.T) {
	for rule, want := range map[string][2]bool{
		`traits.age > 30 and lower(traits.plan) in ["pro", "team"]`: {false, true},
		`any(traits.tags, # startsWith "a")`:                        {false, true},
		`count(events("Order Completed", "30d")) == 0`:              {false, true},
		`traits.until < now()`:                                      {true, true},
		`bucket("salt") < 25`:                                       {false, false},
		`traits.age > 30 or bucket("salt") < traits.age`:            {false, false},
		`profile.id == "u1"`:                                        {false, false},
		`profile.first_seen < now()`:                                {false, false},
		`held(traits.age > 30, "1h")`:                               {false, false},
	} {
		timed, ok := ruleset.One(t, rule).ByValues()
		if ok != want[1] || ok && timed != want[0] {
			t.Errorf("%s: timed %t and ok %t, want %v", rule, timed, ok, want)
		}
	}
}
