package language

import "testing"

// Whatever inexact complains of, the quick look at the text must let through.
func TestMayLoseDigitsMissesNothing(t *testing.T) {
	lost := []string{
		"9007199254740993", "9_007_199_254_740_993", "0x20000000000001", "0X20_0000_0000_0001", "0o400000000000000001",
		"0b100000000000000000000000000000000000000000000000000001", "9007199254740993.0", "9007199254740992.5", "1.234567890123456789e20",
		"123456789012345678901234567890",
	}
	for _, number := range lost {
		text := "traits.x == " + number
		s := scan(text)
		if len(s.inexact()) == 0 {
			t.Errorf("%s is not refused", number)
		}
		if !mayLoseDigits(text) {
			t.Errorf("%s is passed over", number)
		}
	}
	for _, text := range []string{`traits.x == 12 and len(traits.list) > 1000000`, `sum(events("Order"), "30d") > 199.99`, `.sku2x == "a1b2"`} {
		if mayLoseDigits(text) {
			t.Errorf("the tokens of %s are read for nothing", text)
		}
	}
}
