package retail

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/cube"
	"muster/rules"
)

// soldCube counts what was sold, by product and country.
func soldCube(t *testing.T) *cube.Cube {
	t.Helper()
	cubes, err := cube.Read(rules.Source{Name: "cubes.yaml", Data: []byte(
		`cubes: [{id: sold, events: Product Purchased, dimensions: [.sku, traits.country], many: count(.quantity >= 12)}]`)})
	if err != nil {
		t.Fatal(err)
	}
	return cubes[0]
}

// compareCube returns how many figures of a cube are not those of the script:
// events are counted, and so are up to cube.Exact customers. Of more than these
// the median may be 2 % off, and each 5 %.
func compareCube(t *testing.T, c *cube.Cube, tally *cube.Tally, want told) (wrong int) {
	t.Helper()
	got, estimates := map[string][3]int64{}, []float64{}
	for name, q := range questions(t, c, tally, want.Products) {
		for _, row := range q.Answer().Rows {
			country := "(none)"
			if !row.Values[1].IsMissing() {
				country = row.Values[1].Text()
			}
			at := fmt.Sprintf("%s %s %s", row.Values[0].Text(), name, country)
			figures := [3]int64{row.Profiles, int64(row.Events), int64(row.Counts[0])}
			if customers := want.Sold[at][0]; customers > cube.Exact {
				off := math.Abs(float64(row.Profiles)/float64(customers) - 1)
				if estimates = append(estimates, off); off <= 0.05 {
					figures[0] = customers
				}
			}
			got[at] = figures
		}
	}
	if slices.Sort(estimates); len(estimates) == 0 || estimates[len(estimates)/2] > 0.02 {
		t.Errorf("of %d estimates the median is off by more than 2 %%: %v", len(estimates), estimates)
		wrong++
	}
	return wrong + differing(t, "the cube", got, want.Sold)
}

// questions asks for some products by country, for each month and for all. Months
// are pages of a cube, and what lies in several of them is united.
func questions(t *testing.T, c *cube.Cube, tally *cube.Tally, products []string) map[string]*cube.Query {
	t.Helper()
	pages := map[string]*cube.Page{}
	err := cube.EachCell(tally.Append(nil), func(_ string, day int64, name string, form []byte) error {
		month := time.Unix(cube.Month.Around(day).First*86400, 0).UTC().Format("2006-01")
		if pages[month] == nil {
			pages[month] = &cube.Page{}
		}
		return pages[month].Add(name, form)
	})
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]*cube.Query{}
	for month, page := range pages {
		for _, name := range []string{month, "ever"} {
			if asked[name] == nil {
				asked[name] = ask(t, c, products)
			}
			for _, cell := range page.Names() {
				if err := asked[name].Add(cell, page.Form(nil, cell)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return asked
}

func ask(t *testing.T, c *cube.Cube, products []string) *cube.Query {
	t.Helper()
	q, err := cube.NewQuery(c, `sku in ["`+strings.Join(products, `", "`)+`"]`, []string{"sku", "country"})
	if err != nil {
		t.Fatal(err)
	}
	return q
}
