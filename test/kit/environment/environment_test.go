package environment

import (
	"fmt"
	"strings"
	"testing"
)

// refusal is a test that fails without ending.
type refusal struct {
	testing.TB
	said string
}

func (r *refusal) Helper() {}

func (r *refusal) Fatalf(format string, arguments ...any) { r.said = fmt.Sprintf(format, arguments...) }

func TestNumber(t *testing.T) {
	const name = "MUSTER_TEST_NUMBER"
	for text, want := range map[string]uint64{"": 7, "0": 0, "12": 12, "9223372036854775807": 1<<63 - 1} {
		t.Setenv(name, text)
		if got := Number(t, name, 7); got != want {
			t.Errorf("%q gives %d, want %d", text, got, want)
		}
	}
	for _, text := range []string{"many", "-1", "1.5", " 1", "9223372036854775808"} {
		t.Setenv(name, text)
		r := &refusal{}
		if Number(r, name, 7); !strings.Contains(r.said, fmt.Sprintf("%s is %q", name, text)) {
			t.Errorf("%q is taken: %s", text, r.said)
		}
	}
}
