package insights

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/snapshot"
)

// Profile says what is more and what is less frequent in an audience than in
// another.
type Profile struct {
	Audience Side `json:"audience"`
	// Against has nobody of the audience: who is in both counts there alone.
	Against  Side  `json:"against"`
	Held     int64 `json:"held"`     // profiles that were looked at
	Profiles int64 `json:"profiles"` // of the deployment
	Compared int   `json:"compared"` // segments and values with anybody in either
	Differ   int   `json:"differ"`   // of these
	// Findings go from what is more frequent to what is less frequent, by what is
	// sure of it.
	Findings []Finding `json:"findings"`
	// Lacks is what the rules of the question lack, and Absent are traits that
	// nobody has.
	Lacks  []snapshot.Lack `json:"lacks,omitempty"`
	Absent []string        `json:"absent_traits,omitempty"`
	// AsOf is since when profiles may have changed; zero where they were read for
	// this question.
	AsOf time.Time `json:"-"`
}

// Side is one of the audiences that are compared.
type Side struct {
	Name string `json:"name"`
	// Found is how many of it are held, and Band what that says of all.
	Found int64 `json:"found"`
	snapshot.Band
	// Both is how many of it are left out, as they are in the audience too.
	Both int64 `json:"both,omitempty"`
}

// Group is an audience with what it is called.
type Group struct {
	Name string
	// Segment is its id where it is one's members: to be in it is no finding.
	Segment string
	Of      snapshot.Audience
}

// NobodyError says that audiences can't be compared, as one of them is empty.
type NobodyError struct{ text string }

// Error implements error.
func (e *NobodyError) Error() string { return e.text }

// everybody is what the rest is called that an audience is compared with where
// nothing else is asked for.
const everybody = "everybody else"

// ProfileOf compares an audience with another or, where that is nil, with
// everybody else. Who is in both counts in the audience alone: the comparison is
// of two groups of different people.
func ProfileOf(ctx context.Context, c *snapshot.Columns, audience Group, against *Group) (*Profile, error) {
	b := Group{Name: everybody, Of: c.Everybody()}
	if against != nil {
		b = *against
	}
	rest := b.Of.Without(audience.Of)
	if err := refused(c, audience, b, rest, against != nil); err != nil {
		return nil, err
	}
	p := &Profile{
		Audience: Side{Name: audience.Name, Found: audience.Of.Len(), Band: c.Estimate(audience.Of.Len())},
		Against:  Side{Name: b.Name, Found: rest.Len(), Band: c.Estimate(rest.Len())},
		Held:     c.Held(), Profiles: c.All(),
	}
	if against != nil {
		p.Against.Both = b.Of.Len() - rest.Len()
	}
	findings, err := counted(ctx, c, audience.Of, rest, against == nil)
	if err != nil {
		return nil, err
	}
	p.Findings = slices.DeleteFunc(findings, func(f Finding) bool {
		own := f.Segment != "" && (f.Segment == audience.Segment || f.Segment == b.Segment)
		return own || f.InAudience+f.InAgainst == 0
	})
	p.judge()
	return p, nil
}

// refused says why audiences can't be compared.
func refused(c *snapshot.Columns, audience, against Group, rest snapshot.Audience, asked bool) error {
	switch {
	case audience.Of.Len() == 0:
		return &NobodyError{fmt.Sprintf("%s has no member among the %d profiles that are held, so there is nothing to tell of it", audience.Name, c.Held())}
	case asked && against.Of.Len() == 0:
		return &NobodyError{fmt.Sprintf("%s has no member among the %d profiles that are held, so nothing can be compared with it", against.Name, c.Held())}
	case asked && against.Of.Equal(audience.Of):
		return &NobodyError{fmt.Sprintf("%s and %s have the same members, so nothing differs", audience.Name, against.Name)}
	case asked && rest.Len() == 0:
		return &NobodyError{fmt.Sprintf("everybody in %s is in %s too, so nobody is left to compare with; ask the other way round", against.Name, audience.Name)}
	case rest.Len() == 0:
		return &NobodyError{fmt.Sprintf("everybody is in %s, so nobody is left to compare with", audience.Name)}
	}
	return nil
}

// counted counts every segment and every value of a trait in both audiences, of
// which the second may be all who are not in the first.
func counted(ctx context.Context, c *snapshot.Columns, audience, against snapshot.Audience, others bool) ([]Finding, error) {
	inA, err := c.Count(ctx, audience)
	if err != nil {
		return nil, err
	}
	inB := c.Sizes()
	if others { // half of the work
		for i := range inB {
			inB[i] -= inA[i]
		}
	} else if inB, err = c.Count(ctx, against); err != nil {
		return nil, err
	}
	findings := make([]Finding, len(inA))
	for i, id := range c.Segments() {
		findings[i] = Finding{Segment: id, InAudience: inA[i], InAgainst: inB[i]}
	}
	for _, trait := range c.Traits() {
		inA, inB := trait.Count(audience), trait.Count(against)
		for i, value := range trait.Values() {
			findings = append(findings, Finding{Trait: trait.Name(), Value: Value(value), InAudience: inA[i], InAgainst: inB[i]})
		}
	}
	return findings, nil
}

// judge fills in what follows from the counts of all findings.
func (p *Profile) judge() {
	var work errgroup.Group
	parts := runtime.GOMAXPROCS(0)
	for part := range parts {
		work.Go(func() error {
			for i := part; i < len(p.Findings); i += parts {
				p.Findings[i].compare(p.Audience.Found, p.Against.Found)
			}
			return nil
		})
	}
	_ = work.Wait() // none fails
	chances := make([]float64, len(p.Findings))
	for i := range p.Findings {
		chances[i] = p.Findings[i].P
	}
	for i, q := range adjusted(chances) {
		one := &p.Findings[i]
		one.Q, one.Differs = q, q <= falseDiscoveries
		if one.Differs {
			p.Differ++
		}
	}
	p.Compared = len(p.Findings)
	inOrder(p.Findings)
}

// Top returns those findings that differ by more than chance, and of these so
// many that do so for certain by most, in the order of all.
func (p *Profile) Top(most int) []Finding {
	differ := slices.DeleteFunc(slices.Clone(p.Findings), func(f Finding) bool { return !f.Differs })
	slices.SortStableFunc(differ, func(a, b Finding) int { return cmp.Compare(math.Abs(b.sure()), math.Abs(a.sure())) })
	top := differ[:min(most, len(differ))]
	inOrder(top)
	return top
}
