package insights_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"muster/insights"
	"muster/profile"
	"muster/snapshot"
	"muster/test/kit/crowd"
)

const (
	noise    = 300 // segments that have nothing to do with anything
	shoppers = 4000
)

// shop is a deployment in which buyers open mails more and return less often, and
// are more often in Germany; and in which nothing else differs.
func shop(t *testing.T) (*snapshot.Columns, []*person) {
	t.Helper()
	made := opened()
	if made.err != nil {
		t.Fatal(made.err)
	}
	return made.columns, made.people
}

type madeShop struct {
	columns *snapshot.Columns
	people  []*person
	err     error
}

// opened makes the shop once for all tests.
var opened = sync.OnceValue(func() (made madeShop) {
	c := &crowd.Crowd{Profiles: shoppers, Segments: []string{"buyers", "germans", "nobody", "opens", "returns", "returns-much", "everybody"}}
	for i := range noise {
		c.Segments = append(c.Segments, fmt.Sprintf("noise-%03d", i))
	}
	people := make([]*person, shoppers)
	for i := range people {
		people[i] = drawn(rand.New(rand.NewPCG(8, uint64(i))))
	}
	c.Join = func(i int, members *profile.Members) {
		for k, id := range c.Segments {
			members.Set(k, people[i].in[id])
		}
	}
	c.Traits = func(i int) map[string]any { return people[i].traits }
	made.people = people
	made.columns, made.err = snapshot.FillColumns(context.Background(), c, snapshot.Default(), snapshot.Wanted{Traits: []string{"country"}}, func(int64) {})
	return made
})

type person struct {
	in     map[string]bool
	traits map[string]any
}

func drawn(r *rand.Rand) *person {
	p := &person{in: map[string]bool{"everybody": true}, traits: map[string]any{}}
	chance := func(ifBuyer, otherwise float64) bool {
		if p.in["buyers"] {
			return r.Float64() < ifBuyer
		}
		return r.Float64() < otherwise
	}
	p.in["buyers"] = r.Float64() < 0.1
	p.in["opens"], p.in["returns"] = chance(0.6, 0.1), chance(0.02, 0.3)
	p.in["returns-much"] = p.in["returns"] && !p.in["buyers"]
	switch {
	case chance(0.7, 0.3):
		p.traits["country"], p.in["germans"] = "DE", true
	case chance(0.5, 0.5):
		p.traits["country"] = "FR & CH"
	case r.Float64() < 0.5:
		p.traits["country"] = []any{"NL"}
	}
	for i := range noise {
		p.in[fmt.Sprintf("noise-%03d", i)] = r.Float64() < float64(1+i%20)/100
	}
	return p
}

func group(t *testing.T, c *snapshot.Columns, id string) insights.Group {
	t.Helper()
	members, known := c.Members(id)
	if !known {
		t.Fatalf("there is no segment %s", id)
	}
	return insights.Group{Name: id, Segment: id, Of: members}
}

func profileOf(t *testing.T, c *snapshot.Columns, audience string, against *insights.Group) *insights.Profile {
	t.Helper()
	p, err := insights.ProfileOf(t.Context(), c, group(t, c, audience), against)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestProfile finds what is planted and no more, with the counts of a slow count.
func TestProfile(t *testing.T) {
	c, people := shop(t)
	p := profileOf(t, c, "buyers", nil)
	if p.Held != shoppers || p.Compared != len(p.Findings) || p.Audience.Found+p.Against.Found != shoppers || p.Against.Name != "everybody else" || p.Against.Both != 0 {
		t.Errorf("the profile is of %+v against %+v, %d compared", p.Audience, p.Against, p.Compared)
	}
	for i := range p.Findings {
		f := &p.Findings[i]
		var inA, inB int64
		for _, one := range people {
			if has(one, f) {
				if one.in["buyers"] {
					inA++
				} else {
					inB++
				}
			}
		}
		if f.InAudience != inA || f.InAgainst != inB || inA+inB == 0 || f.Segment == "buyers" {
			t.Errorf("%s is told of %d and %d; a slow count has %d and %d", f.Label(), f.InAudience, f.InAgainst, inA, inB)
		}
		if want := 100 * float64(inA) / float64(p.Audience.Found) / (float64(inB) / float64(p.Against.Found)); inB > 0 && math.Abs(float64(f.Index)-want) > 1e-9*want {
			t.Errorf("%s has index %v; want %v", f.Label(), f.Index, want)
		}
	}
	planted := map[string]bool{"opens": true, "germans": true, `country is "DE"`: true, "returns": false, "returns-much": false, `country is "FR & CH"`: false,
		"country is missing": false, "country is another": false}
	wrong := 0
	for _, f := range p.Top(1000) {
		more, known := planted[f.Label()]
		if !known {
			wrong++
		} else if more != (f.Index > 100) || more != (f.IndexLow > 100) {
			t.Errorf("%s has the index %v (%v to %v)", f.Label(), f.Index, f.IndexLow, f.IndexHigh)
		}
		delete(planted, f.Label())
	}
	if len(planted) > 0 || wrong > 1 || p.Differ != 8+wrong {
		t.Errorf("%d differ; not found are %v, and %d too many", p.Differ, planted, wrong)
	}
}

// has is whether somebody has what a finding is about.
func has(one *person, f *insights.Finding) bool {
	country := one.traits["country"]
	switch f.Value {
	case "":
		return one.in[f.Segment]
	case snapshot.NoValue:
		return country == nil
	case snapshot.OtherValues:
		_, list := country.([]any)
		return list
	}
	text, ok := country.(string)
	return ok && string(f.Value) == fmt.Sprintf("%q", text)
}

// TestOrder: from what is more frequent for certain to what is less, and the top
// are the ends of it.
func TestOrder(t *testing.T) {
	c, _ := shop(t)
	p := profileOf(t, c, "buyers", nil)
	if first, last := p.Findings[0].Label(), p.Findings[len(p.Findings)-1].Label(); first != "opens" || last != "returns-much" {
		t.Errorf("it goes from %s to %s", first, last)
	}
	seen := -1
	for i, f := range p.Findings {
		side := 1
		if f.IndexLow > 100 {
			side = 0
		} else if f.IndexHigh < 100 {
			side = 2
		}
		if side < seen {
			t.Errorf("place %d is %s (%v to %v), behind one of the other side", i, f.Label(), f.IndexLow, f.IndexHigh)
		}
		seen = side
	}
	top := p.Top(3)
	var labels []string
	for i := range top {
		labels = append(labels, top[i].Label())
	}
	if !slices.Equal(labels, []string{"opens", "returns", "returns-much"}) {
		t.Errorf("the top are %v", labels)
	}
}

// TestNothingDiffers: of two halves that are told apart by nothing else, no
// difference is found among hundreds of comparisons.
func TestNothingDiffers(t *testing.T) {
	c, _ := shop(t)
	for i := range 5 {
		if p := profileOf(t, c, fmt.Sprintf("noise-%03d", 19+20*i), nil); p.Differ > 1 || p.Compared < noise {
			t.Errorf("%d of %d differ", p.Differ, p.Compared)
		}
	}
}

// TestAgainst: who is in both audiences counts in the first alone.
func TestAgainst(t *testing.T) {
	c, people := shop(t)
	b := group(t, c, "germans")
	p := profileOf(t, c, "buyers", &b)
	var alone, both int64
	for _, one := range people {
		if one.in["germans"] && one.in["buyers"] {
			both++
		} else if one.in["germans"] {
			alone++
		}
	}
	if p.Against.Found != alone || p.Against.Both != both || p.Against.Name != "germans" || both == 0 {
		t.Errorf("it is against %+v; want %d, and %d in both", p.Against, alone, both)
	}
	for i := range p.Findings {
		f := &p.Findings[i]
		var inB int64
		for _, one := range people {
			if one.in["germans"] && !one.in["buyers"] && has(one, f) {
				inB++
			}
		}
		if f.InAgainst != inB {
			t.Errorf("%s is told of %d; a slow count has %d", f.Label(), f.InAgainst, inB)
		}
		if id := f.Segment; id == "germans" || id == "buyers" {
			t.Errorf("%s is compared with itself", id)
		}
	}
}

// TestNobodyToCompare: each way in which there is nothing to tell is told.
func TestNobodyToCompare(t *testing.T) {
	c, _ := shop(t)
	for _, one := range []struct{ audience, against, want string }{
		{"nobody", "", "nobody has no member among the 4000 profiles"}, {"buyers", "nobody", "nobody has no member among"},
		{"buyers", "buyers", "have the same members"}, {"everybody", "", "everybody is in everybody, so nobody is left"},
		{"returns", "returns-much", "everybody in returns-much is in returns too"},
	} {
		var against *insights.Group
		if one.against != "" {
			b := group(t, c, one.against)
			against = &b
		}
		_, err := insights.ProfileOf(t.Context(), c, group(t, c, one.audience), against)
		var nobody *insights.NobodyError
		if !errors.As(err, &nobody) || !strings.Contains(err.Error(), one.want) {
			t.Errorf("%s against %q gives %v; want %q", one.audience, one.against, err, one.want)
		}
	}
}

// TestProfileAsJSON: what is infinite is null, and values are what they are.
func TestProfileAsJSON(t *testing.T) {
	c, _ := shop(t)
	text, err := json.Marshal(profileOf(t, c, "returns", nil).Findings)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`{"trait":"country","value":null,`, `{"trait":"country","value":{"other":true},`, `{"trait":"country","value":"DE",`,
		`{"segment":"returns-much",`, `"index":null,"index_low":`, `"index_high":null,"p":`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is not in %s", want, text[:min(len(text), 3000)])
		}
	}
}

// TestPictures are XML with a bar for each finding and each combination.
func TestPictures(t *testing.T) {
	c, _ := shop(t)
	p := profileOf(t, c, "buyers", nil)
	var picture bytes.Buffer
	if err := p.WriteSVG(&picture, p.Top(20)); err != nil {
		t.Fatal(err)
	}
	text := picture.String()
	wellFormed(t, text)
	if blue, red := strings.Count(text, `fill="#2b6cb0"`), strings.Count(text, `fill="#c53030"`); blue != 3 || red < 5 || red > 6 || !strings.Contains(text, "FR &amp; CH") {
		t.Errorf("it has %d blue bars and %d red ones:\n%s", blue, red, text)
	}
	picture.Reset()
	if err := p.WriteSVG(&picture, nil); err != nil || !strings.Contains(picture.String(), "Nothing differs by more than chance.") {
		t.Errorf("%v: %s", err, picture.String())
	}
	wellFormed(t, picture.String())
	if err := p.WriteSVG(full{}, nil); err == nil {
		t.Error("a picture was written where it could not be")
	}
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no room") }
