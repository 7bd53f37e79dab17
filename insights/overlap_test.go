package insights_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/insights"
)

// TestOverlap holds every figure against a slow count.
func TestOverlap(t *testing.T) {
	c, people := shop(t)
	names := []string{"buyers", "germans", "returns", "nobody"}
	var groups []insights.Group
	for _, id := range names {
		groups = append(groups, group(t, c, id))
	}
	o, err := insights.OverlapOf(c, groups)
	if err != nil {
		t.Fatal(err)
	}
	count := func(in func(p *person) bool) (n int64) {
		for _, one := range people {
			if in(one) {
				n++
			}
		}
		return n
	}
	for i, a := range names {
		if want := count(func(p *person) bool { return p.in[a] }); o.Audiences[i].Found != want || o.Audiences[i].Name != a || o.Audiences[i].High != want {
			t.Errorf("%+v; want %d", o.Audiences[i], want)
		}
		for k, b := range names {
			if want := count(func(p *person) bool { return p.in[a] && p.in[b] }); o.Matrix[i][k] != want {
				t.Errorf("%s and %s have %d; want %d", a, b, o.Matrix[i][k], want)
			}
		}
	}
	if len(o.Combinations) != 7 {
		t.Errorf("%d combinations are told; nobody is in the fourth", len(o.Combinations))
	}
	last := int64(shoppers)
	for _, one := range o.Combinations {
		all := count(func(p *person) bool {
			return !slices.ContainsFunc(one.Names, func(id string) bool { return !p.in[id] })
		})
		exactly := count(func(p *person) bool {
			return !slices.ContainsFunc(names, func(id string) bool { return p.in[id] != slices.Contains(one.Names, id) })
		})
		if one.All.Found != all || one.Exactly.Found != exactly || exactly > last {
			t.Errorf("%v: %d exactly and %d in all; want %d and %d", one.Names, one.Exactly.Found, one.All.Found, exactly, all)
		}
		last = exactly
	}
	var picture bytes.Buffer
	if err := o.WriteSVG(&picture); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, picture.String())
	if n := strings.Count(picture.String(), `fill="#2b6cb0"`); n != 7 {
		t.Errorf("%d columns are drawn:\n%s", n, picture.String())
	}
}

// TestPictureOfManyCombinations leaves the smallest out, and says so.
func TestPictureOfManyCombinations(t *testing.T) {
	c, _ := shop(t)
	var groups []insights.Group
	for i := range insights.MostOverlaps {
		groups = append(groups, group(t, c, fmt.Sprintf("noise-%03d", 10+i)))
	}
	o, err := insights.OverlapOf(c, groups)
	if err != nil {
		t.Fatal(err)
	}
	var picture bytes.Buffer
	if err := o.WriteSVG(&picture); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(picture.String(), `fill="#2b6cb0"`); n != 30 || !strings.Contains(picture.String(), "smallest are left out.") {
		t.Errorf("%d columns are drawn", n)
	}
	for _, few := range [][]insights.Group{nil, groups[:1], append(groups, groups[0])} {
		if _, err := insights.OverlapOf(c, few); err == nil || !strings.Contains(err.Error(), "the overlap of 2 to 10 is told") {
			t.Errorf("%d audiences give %v", len(few), err)
		}
	}
}
