package engine_test

import (
	"testing"

	"muster/rules/internal/engine"
	"muster/rules/internal/language"
)

// TestConversionsAreIndexed: a comparison of what is converted with a constant
// is looked up, and so is one with a text that is a time.
func TestConversionsAreIndexed(t *testing.T) {
	for _, text := range []string{
		`float(traits.age) >= 18`, `int(traits.age) == 3`, `int(traits.age) in 18..25`, `string(traits.account) in ["3", "7"]`, `string(traits.account) < "7"`,
		`string(traits.account) startsWith "3"`, `date(traits.due) > date("2026-11-21")`, `date(traits.due) < now()`, `date(float(traits.due)) >= ago("7d")`,
		`float(traits.age) == nil`, `float(traits.age) % 2 == 1`, `sum(map(events("A", "7d"), float(.total))) > 100`, `float(last(events("A")).total) > 100`,
		`last(map(events("A", "7d"), date(.due))) < now()`, `held(float(traits.age) >= 18, "7d")`,
		`traits.due == "2026-11-21"`, `traits.due != "2026-11-21"`, `"2026-11-21" <= traits.due`, `traits.due in ["2026-11-21", "never", 3]`,
		`not (traits.due < "2026-11-21" or traits.due in ["2026-11-22"])`, `last(events("A", "7d")).due >= "2026-11-21"`,
	} {
		checked, mistakes := language.Check(text)
		if len(mistakes) > 0 {
			t.Fatalf("%s: %+v", text, mistakes)
		}
		if found := engine.OutlineOf(checked.Term); len(found.Computed) > 0 || found.Indexed == 0 {
			t.Errorf("%s: %d indexed, computed are %q", text, found.Indexed, found.Computed)
		}
	}
	for _, text := range []string{`traits.ends > traits.starts`, `(traits.due ?? "2026-11-21") == "2026-11-21"`, `"2026-11-21" in traits.days`, `float(traits.a) > float(traits.b)`} {
		checked, _ := language.Check(text)
		if found := engine.OutlineOf(checked.Term); len(found.Computed) != 1 {
			t.Errorf("%s: %d indexed, computed are %q", text, found.Indexed, found.Computed)
		}
	}
}
