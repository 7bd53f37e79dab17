package rules_test

import (
	"errors"
	"strings"
	"testing"

	"muster/profile"
	"muster/rules"
	"muster/test/kit/ruleset"
)

func TestARuleOfAnySizeWithinTheLimitIsMatched(t *testing.T) {
	nest := "traits.a"
	for range 7 {
		nest = "(" + nest + " ? traits.b : traits.c)"
	}
	choices := "(" + strings.ReplaceAll(nest, "traits.b : traits.c", "traits.b == 1 : traits.c == 1") + ")"
	wide := strings.TrimSuffix(strings.Repeat(choices+" or ", rules.MaxSource/(len(choices)+4)), " or ")
	for name, rule := range map[string]string{
		"many choices": wide + ` or traits.d == 1`,
		"long list":    `traits.d in [` + strings.TrimSuffix(strings.Repeat("7,", 8000), ",") + `,1]`,
		"long chain":   `traits.d == 1` + strings.Repeat(` or traits.x == 2`, 850),
	} {
		if len(rule) > rules.MaxSource {
			rule = rule[len(rule)-rules.MaxSource:]
			rule = rule[strings.Index(rule, " or ")+4:]
		}
		set := ruleset.One(t, rule)
		p := profile.New("u")
		if flips := rules.NewMatcher(set).Full(p, 0); len(flips) != 0 {
			t.Errorf("%s: a profile without traits is in", name)
		}
	}
}

func TestHostileYAMLIsAMistakeInItsPlace(t *testing.T) {
	for line, want := range map[string]string{"[": "1:110: mappings and lists", "\na: 1": "501:2: a mapping has more than 500 keys"} {
		_, errs := rules.Read(rules.Source{Name: "f.yaml", Data: []byte("segments: " + strings.Repeat(line, 20_000))})
		var e *rules.Error
		if !errors.As(errs, &e) || !strings.HasPrefix(e.Error(), "f.yaml:"+want) || e.Hint == "" {
			t.Errorf("%q: got %.200v", line, errs)
		}
	}
}
