package language_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/mod/semver"

	"muster/event"
	"muster/rules/internal/language"
)

func versionText(t *testing.T, text string) string {
	t.Helper()
	v := language.VersionOf(event.StringOf(text))
	if v.Kind() != event.KindVersion {
		t.Fatalf("%q is no version", text)
	}
	return v.Text()
}

// ascending are versions in their order; those of one line are equal.
var ascending = [][]string{
	{"0", "0.0.0", "v0", "0.0.0.0.0"},
	{"0.0.0.0.1"},
	{"0.9"},
	{"1-0", "1.0.0-00"},
	{"1-2"},
	{"1-10", "1.0-010"},
	{"1-99999999999999999999"},
	{"1-100000000000000000000"},
	{"1--"},
	{"1-alpha", "1.0.0-alpha+build.7"},
	{"1.0.0-alpha.1", "1.0.0-alpha.01"},
	{"1.0.0-alpha.beta"},
	{"1.0.0-beta"},
	{"1.0.0-beta.2"},
	{"1.0.0-beta.11"},
	{"1.0.0-rc.1"},
	{"1", "1.0", "v1.0.0", "V1", "01.00.000", "1+7", "1.0.0.0"},
	{"1.0.0.1-beta"},
	{"1.0.0.1"},
	{"1.2-beta", "1.2.0-beta", "1.2.0.0-beta"},
	{"1.2", "1.2.0+exp.sha-5114f85"},
	{"1.9.3"},
	{"1.10"},
	{"2.0-beta"},
	{"2.0"},
	{"6.1.7601"},
	{"10.0.22631.1", "10.0.22631.0001"},
	{"123.0.6312.86"},
	{"123.0.6312.122"},
	{"124.0.6367"},
	{"124.0.6367.91"},
	{"2024.01.15", "2024.1.15"},
	{"2024.2", "2024.02", "2024.02.00"},
	{"2024.02.01"},
	{"18446744073709551616"},
	{"99999999999999999999999999999.1"},
	{"99999999999999999999999999999.1.2.3.4.5.6.7.8.9"},
}

// TestVersionsAreOrdered compares every pair of them.
func TestVersionsAreOrdered(t *testing.T) {
	for i, line := range ascending {
		for _, a := range line {
			for j, other := range ascending {
				for _, b := range other {
					x, y := versionText(t, a), versionText(t, b)
					if got := language.CompareVersions(x, y); got != cmp.Compare(i, j) {
						t.Errorf("%s and %s compare as %d", a, b, got)
					}
					if (x == y) != (i == j) {
						t.Errorf("%s and %s have the texts %s and %s", a, b, x, y)
					}
				}
			}
		}
	}
}

func TestTextsThatAreNoVersion(t *testing.T) {
	for _, text := range []string{
		"", "v", "two", "1.", ".1", "1..2", "1.x", "1.2.3-", "1.2.3+", "1.2.3-a..b", "1.2.3-a.", "1.2.3-ä", "1.2.3 ", " 1.2.3", "vv1", "-1", "+1",
		"1.2.3-rc_1", "2.0beta", "1,2", "1.2.3+a+b", "1.2.-3", "١.٢", "1.2.3-\x00",
	} {
		if v := language.VersionOf(event.StringOf(text)); !v.IsMissing() {
			t.Errorf("%q is the version %s", text, v.Text())
		}
	}
	for _, v := range []event.Value{{}, event.NumberOf(2), event.BoolOf(true), event.ArrayOf(nil)} {
		if !language.VersionOf(v).IsMissing() {
			t.Errorf("%v is a version", v)
		}
	}
}

// TestVersionsAgreeWithSemver where semver speaks: of random versions in its
// form, in the order and in the text of equal ones.
func TestVersionsAgreeWithSemver(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	word := func() string {
		return []string{"alpha", "beta", "rc", "0", "1", "2", "10", "x-y", "A", "-", "1a", "99999999999999999999"}[r.IntN(12)]
	}
	draw := func() string {
		text := fmt.Sprintf("v%d.%d.%d", r.IntN(3), r.IntN(12), r.IntN(3))
		for i := range r.IntN(4) {
			text += []string{"-", ".", "."}[i] + word()
		}
		if r.IntN(4) == 0 {
			text += "+" + word()
		}
		return text
	}
	for range 200_000 {
		a, b := draw(), draw()
		if !semver.IsValid(a) {
			t.Fatalf("%s is not of semver's form", a)
		}
		x, y := versionText(t, a), versionText(t, strings.TrimPrefix(b, "v"))
		if got, want := language.CompareVersions(x, y), semver.Compare(a, b); got != want {
			t.Fatalf("%s and %s compare as %d, semver says %d", a, b, got, want)
		}
		if got := language.CompareVersions(a, b); got != semver.Compare(a, b) {
			t.Fatalf("%s and %s, as they were stored before, compare as %d", a, b, got)
		}
		if x != semver.Canonical(a) {
			t.Fatalf("%s has the text %s, semver says %s", a, x, semver.Canonical(a))
		}
	}
}
