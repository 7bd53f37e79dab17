package oracle

import (
	"cmp"
	"testing"
)

// TestVersions are in one order, of any number of parts.
func TestVersions(t *testing.T) {
	ascending := []string{
		"0", "0.0.0.1", "1-2", "v1-10", "1-alpha", "1.0.0-alpha.1", "1-beta", "1.0", "1.0.0.1-rc", "1.0.0.1", "1.9", "1.10", "2.0-beta", "V2.0.0",
		"123.0.6312.86", "123.0.6312.122+5", "2024.01.15", "2024.2",
	}
	for i, a := range ascending {
		for j, b := range ascending {
			x, y := versionOf(a), versionOf(b)
			if x == nil || y == nil {
				t.Fatalf("%s or %s is no version", a, b)
			}
			if sign, ok := order(x, y); !ok || cmp.Compare(sign, 0) != cmp.Compare(i, j) {
				t.Errorf("%s and %s compare as %d, %t", a, b, sign, ok)
			}
		}
	}
	for _, pair := range [][2]string{{"2.10", "v02.10.0.0"}, {"1+5", "1.0+6"}, {"1-rc.01", "1.0.0-rc.1"}} {
		if versionOf(pair[0]) != versionOf(pair[1]) {
			t.Errorf("%s and %s differ", pair[0], pair[1])
		}
	}
	for _, text := range []string{"", "v", "two", "1.", "1..2", "2.0beta", "1.2-", "1.2+", " 1", "1.x"} {
		if versionOf(text) != nil {
			t.Errorf("%q is a version", text)
		}
	}
}
