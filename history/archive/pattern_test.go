package archive

import (
	"strings"
	"testing"
	"time"
)

// glob returns the layout of a pattern.
func glob(t *testing.T, match string) Layout {
	t.Helper()
	c := Default()
	c.Match = match
	l, err := NewLayout(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestGlobs(t *testing.T) {
	for _, c := range []struct {
		match    string
		fit, not []string
	}{
		{"**", []string{"a", "a/b", "a/b/c.json"}, []string{"a/", "_SUCCESS", "a/.x", "a/_x"}},
		{"*", []string{"a", "é"}, []string{"a/b"}},
		{"a/**/*.gz", []string{"a/x.gz", "a/b/x.gz", "a/b/c/x.gz"}, []string{"b/x.gz", "a/x.json", "ab/x.gz"}},
		{"**/b/*", []string{"b/x", "a/b/x", "c/a/b/x"}, []string{"ab/x", "b/x/y"}},
		{"a/**", []string{"a/x", "a/b/x"}, []string{"a", "ab/x"}},
		{"a?[0-9][^x].json", []string{"ab1y.json"}, []string{"ab1x.json", "a/1y.json", "ab1/.json", "ab1yjson"}},
		{"(a|b)+.json", []string{"(a|b)+.json"}, []string{"a.json", "aa.json"}},
	} {
		l := glob(t, c.match)
		for _, key := range c.fit {
			if choice, ok := l.Choose(key); !ok || choice.Partition != -1 || choice.Offset != -1 || !choice.Day.IsZero() {
				t.Errorf("%s: %s is %+v, %t", c.match, key, choice, ok)
			}
		}
		for _, key := range c.not {
			if _, ok := l.Choose(key); ok {
				t.Errorf("%s fits %s", c.match, key)
			}
		}
	}
}

func TestGlobsTellDays(t *testing.T) {
	l := glob(t, "dt={yyyy}-{mm}-{dd}/**/h={hh}-*")
	choice, ok := l.Choose("dt=2024-02-29/x/h=07-1.json")
	if want := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC); !ok || !choice.Day.Equal(want) {
		t.Errorf("%+v, %t", choice, ok)
	}
	for _, key := range []string{"dt=2023-02-29/h=07-1", "dt=2024-13-01/h=07-1", "dt=24-02-29/h=07-1"} {
		if choice, ok := l.Choose(key); ok {
			t.Errorf("%s: %+v", key, choice)
		}
	}
	if choice, ok := glob(t, "{yyyy}/{mm}/**").Choose("2024/02/x"); !ok || !choice.Day.IsZero() {
		t.Errorf("a month is the day %v, %t", choice.Day, ok)
	}
}

func TestMistakesOfGlobs(t *testing.T) {
	for match, want := range map[string]string{
		"": "1 to 1024", strings.Repeat("a", 1025): "1 to 1024", "a**": "whole part", "[a": "]", "[]": "]", "{day}": "{yyyy}",
		"{dd}": "{mm}", "{yyyy}{yyyy}": "twice", "[z-a]": "[z-a]", "**b": "whole part",
	} {
		c := Default()
		c.Match = match
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "match: ") {
			t.Errorf("%q: %v, want %q", match, err, want)
		}
	}
}
