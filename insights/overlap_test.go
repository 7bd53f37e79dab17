package insights_test

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
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

// TestDrawings: pictures are drawn as they were. With MUSTER_DRAW they are drawn anew.
func TestDrawings(t *testing.T) {
	c, _ := shop(t)
	p := profileOf(t, c, "buyers", nil)
	o, err := insights.OverlapOf(c, []insights.Group{group(t, c, "buyers"), group(t, c, "germans"), group(t, c, "opens"), group(t, c, "returns")})
	if err != nil {
		t.Fatal(err)
	}
	for name, draw := range map[string]func(io.Writer) error{
		"audience-profile.svg": func(to io.Writer) error { return p.WriteSVG(to, p.Top(20)) }, "audience-overlap.svg": o.WriteSVG,
	} {
		var picture bytes.Buffer
		if err := draw(&picture); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name)
		if os.Getenv("MUSTER_DRAW") != "" {
			if err := os.WriteFile(file, picture.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		shown, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(shown, picture.Bytes()) {
			t.Errorf("%s is not what is drawn (%v): MUSTER_DRAW=1 go test ./insights -run TestDrawings draws it anew", file, err)
		}
	}
}

// TestPNG has the colours of the bars and dots in their places.
func TestPNG(t *testing.T) {
	c, _ := shop(t)
	p := profileOf(t, c, "buyers", nil)
	o, err := insights.OverlapOf(c, []insights.Group{group(t, c, "buyers"), group(t, c, "germans")})
	if err != nil {
		t.Fatal(err)
	}
	for name, one := range map[string]struct {
		draw   func(io.Writer) error
		counts map[color.RGBA]int // points of a colour, at the least
	}{
		"profile": {func(to io.Writer) error { return p.WritePNG(to, p.Top(20)) }, map[color.RGBA]int{{0x2b, 0x6c, 0xb0, 0xff}: 5000, {0xc5, 0x30, 0x30, 0xff}: 5000, {0x1a, 0x20, 0x2c, 0xff}: 1000}},
		"overlap": {o.WritePNG, map[color.RGBA]int{{0x2b, 0x6c, 0xb0, 0xff}: 5000, {0x1a, 0x20, 0x2c, 0xff}: 1000, {0xe2, 0xe8, 0xf0, 0xff}: 50}},
	} {
		var picture bytes.Buffer
		if err := one.draw(&picture); err != nil {
			t.Fatal(err)
		}
		drawn, err := png.Decode(&picture)
		if err != nil {
			t.Fatal(err)
		}
		got := map[color.RGBA]int{}
		for y := range drawn.Bounds().Dy() {
			for x := range drawn.Bounds().Dx() {
				got[color.RGBAModel.Convert(drawn.At(x, y)).(color.RGBA)]++
			}
		}
		for colour, least := range one.counts {
			if got[colour] < least {
				t.Errorf("%s has %d points of %v; want %d", name, got[colour], colour, least)
			}
		}
		if err := one.draw(full{}); err == nil {
			t.Errorf("%s was written where it could not be", name)
		}
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
