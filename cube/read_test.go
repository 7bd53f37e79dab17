package cube_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"muster/cube"
	"muster/rules"
)

func read(text string) ([]*cube.Cube, error) {
	return cube.Read(rules.Source{Name: "cubes.yaml", Data: []byte(text)})
}

func TestRead(t *testing.T) {
	cubes, err := read(`
segments:
  - {id: all, rule: "true"}
cubes:
  - {id: ads, events: "Ad Viewed", dimensions: [.ad, .site, traits.country], clicks: count(.clicked)}
  - id: pages
    events: "Page *"
    dimensions:
      - path: .page.path
    long: >
      count(.seconds > 60)
`)
	if err != nil || len(cubes) != 2 {
		t.Fatalf("%d cubes: %v", len(cubes), err)
	}
	ads, pages := cubes[0], cubes[1]
	if ads.ID != "ads" || ads.Events != "Ad Viewed" || ads.Prefix || fmt.Sprint(ads.Names()) != "[ad site country]" ||
		!ads.Dimensions[2].Trait || ads.Dimensions[0].Trait || len(ads.Measures) != 1 || ads.Measures[0].Name != "clicks" {
		t.Errorf("ads is %+v", ads)
	}
	if pages.Events != "Page " || !pages.Prefix || fmt.Sprint(pages.Names()) != "[path]" || pages.Measures[0].Text != ".seconds > 60" {
		t.Errorf("pages is %+v", pages)
	}
	if !strings.HasPrefix(ads.Key(), "ads~") || ads.Key() == pages.Key() {
		t.Errorf("the keys are %s and %s", ads.Key(), pages.Key())
	}
}

// What counts otherwise has another key, and what reads the same has not.
func TestKeys(t *testing.T) {
	keys := map[string]string{}
	for _, text := range []string{
		`{id: a, events: A}`, `{id: b, events: A}`, `{id: a, events: A*}`, `{id: a, events: A, dimensions: [.x]}`,
		`{id: a, events: A, dimensions: [traits.x]}`, `{id: a, events: A, dimensions: [.x, .y]}`, `{id: a, events: A, dimensions: [.y, .x]}`,
		`{id: a, events: A, n: count(.x)}`, `{id: a, events: A, n: count(.y)}`, `{id: a, events: A, m: count(.x)}`,
	} {
		cubes, err := read("cubes: [" + text + "]")
		if err != nil {
			t.Fatal(err)
		}
		if other, same := keys[cubes[0].Key()]; same {
			t.Errorf("%s has the key of %s", text, other)
		}
		keys[cubes[0].Key()] = text
	}
	a, _ := read("cubes: [{id: a, events: A, dimensions: [.x]}]")
	b, _ := read("cubes:\n  - dimensions:\n    - x: .x\n    events: \"A\"\n    id: a\n")
	if a[0].Key() != b[0].Key() {
		t.Errorf("%s and %s are the same cube", a[0].Key(), b[0].Key())
	}
}

// Every mistake has its place and says what to write.
func TestMistakes(t *testing.T) {
	many := func(n int, format string) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(format, i))
		}
		return strings.Join(all, ", ")
	}
	for text, want := range map[string]string{
		"cubes: 3":                                                           "1:8: cubes must be a list",
		"cubes:\n  - 3":                                                      "2:5: a cube must be a mapping",
		"cubes: [{events: A}]":                                               "1:9: the cube has no id",
		"cubes: [{id: Ads, events: A}]":                                      "1:14: the id \"Ads\" can't be used",
		"cubes: [{id: a}]":                                                   "1:9: the cube does not say which events",
		"cubes:\n  - {id: a, events: A*B}":                                   "2:21: a * can only stand at the end",
		"cubes: [{id: a, events: [A]}]":                                      "1:25: events must be a text",
		"cubes: [{id: a, event: A}]":                                         "did you mean events?",
		"cubes: [{id: a, events: A, dimension: [.x]}]":                       "1:28: a cube has no key dimension",
		"cubes: [{id: a, events: A, id: b}]":                                 "1:28: the key id stands twice",
		"cubes: [{id: a, events: A, dimensions: [x]}]":                       "1:41: a dimension must be a path",
		"cubes: [{id: a, events: A, dimensions: [.x, .y.x]}]":                "1:45: the name x is used twice",
		"cubes: [{id: a, events: A, dimensions: [.traits]}]":                 "1:41: the name traits means something else",
		"cubes: [{id: a, events: A, dimensions: [{a-b: .x}]}]":               "the name \"a-b\" can't be used",
		"cubes: [{id: a, events: A, n: sum(.x)}]":                            "1:31: the measure n must be count(...)",
		"cubes: [{id: a, events: A, n: count(.x > 3 +)}]":                    "1:45: unexpected )",
		"cubes: [{id: a, events: A, n: \"count(traits.x)\"}]":                "1:38: traits can't be used",
		"cubes: [{id: a, events: A}, {id: a, events: B}]":                    "1:34: the id a is used twice; first at cubes.yaml:1",
		"cubes: [{id: a, events: A, dimensions: [" + many(9, ".x%d") + "]}]": "the cube has 9 dimensions; it may have 8",
		"cubes: [{id: a, events: A, " + many(9, "n%d: count(.x)") + "}]":     "the cube has 9 measures; it may have 8",
		"cubes: [" + many(21, "{id: a%d, events: A}") + "]":                  "there are more than 20 cubes",
		"cubes: [{id: a":                                                     "not YAML",
		"\xff":                                                               "not UTF-8",
	} {
		_, err := read(text)
		var wrong rules.Errors
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "^") && text != "\xff" {
			t.Errorf("%s:\n%v\nwant %s", text, err, want)
		}
	}
}
