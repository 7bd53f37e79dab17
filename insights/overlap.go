package insights

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"muster/snapshot"
)

// The fewest and the most audiences whose overlap is told. With ten there are
// 1,023 combinations, which is more than anybody looks at.
const (
	FewestOverlaps = 2
	MostOverlaps   = 10
)

// Overlap says how many profiles some audiences have in common.
type Overlap struct {
	Held      int64    `json:"held"`     // profiles that were looked at
	Profiles  int64    `json:"profiles"` // of the deployment
	Audiences []Figure `json:"audiences"`
	// Matrix is how many of all are in both of two audiences, about, in the order
	// of Audiences.
	Matrix [][]int64 `json:"matrix"`
	// Combinations are those that anybody has, the largest Exactly first.
	Combinations []Combination `json:"combinations"`
	// AsOf is since when profiles may have changed; zero where they were read for
	// this question.
	AsOf time.Time `json:"-"`
}

// Figure is how many profiles are of some kind.
type Figure struct {
	Name  string `json:"name,omitempty"`
	Found int64  `json:"found"` // of those that are held
	snapshot.Band
}

// Combination is some of the audiences.
type Combination struct {
	Names []string `json:"audiences"`
	// Exactly are who is in these and in no other of the audiences that were asked
	// for, and All who is in these, whatever else.
	Exactly Figure `json:"exactly"`
	All     Figure `json:"all"`
}

// OverlapOf counts every combination of audiences.
func OverlapOf(c *snapshot.Columns, groups []Group) (*Overlap, error) {
	if len(groups) < FewestOverlaps || len(groups) > MostOverlaps {
		return nil, fmt.Errorf("there are %d audiences; the overlap of %d to %d is told", len(groups), FewestOverlaps, MostOverlaps)
	}
	of := make([]snapshot.Audience, len(groups))
	for i := range groups {
		of[i] = groups[i].Of
	}
	exactly := snapshot.Combinations(of)
	all := summed(exactly, len(groups))
	figure := func(found int64) Figure { return Figure{Found: found, Band: c.Estimate(found)} }
	o := &Overlap{Held: c.Held(), Profiles: c.All(), Combinations: []Combination{}}
	for i := range groups {
		one, row := figure(all[1<<i]), make([]int64, len(groups))
		one.Name = groups[i].Name
		for k := range groups {
			row[k] = c.Estimate(all[1<<i|1<<k]).Estimate
		}
		o.Audiences, o.Matrix = append(o.Audiences, one), append(o.Matrix, row)
	}
	for members := 1; members < len(exactly); members++ {
		if all[members] == 0 {
			continue
		}
		one := Combination{Exactly: figure(exactly[members]), All: figure(all[members])}
		for i := range groups {
			if members>>i&1 == 1 {
				one.Names = append(one.Names, groups[i].Name)
			}
		}
		o.Combinations = append(o.Combinations, one)
	}
	slices.SortStableFunc(o.Combinations, func(a, b Combination) int {
		return cmp.Or(cmp.Compare(b.Exactly.Found, a.Exactly.Found), cmp.Compare(b.All.Found, a.All.Found), cmp.Compare(len(a.Names), len(b.Names)))
	})
	return o, nil
}

// summed returns, for each combination, how many are in all of its audiences:
// those that are in exactly them, or in more.
func summed(exactly []int64, audiences int) []int64 {
	all := slices.Clone(exactly)
	for i := range audiences {
		for members := range all {
			if members>>i&1 == 0 {
				all[members] += all[members|1<<i]
			}
		}
	}
	return all
}
