package snapshot

import (
	"context"
	"time"
)

// Answer is what is known of a question after some profiles.
type Answer struct {
	Seen     int64     `json:"seen"`     // profiles that were evaluated
	Held     int64     `json:"held"`     // profiles of the snapshot
	Profiles int64     `json:"profiles"` // of the deployment
	Segments []Segment `json:"segments"` // those asked for, in the order of their ids
	Done     bool      `json:"done"`     // whether all that are held were evaluated
	// Overlap is of the segments in force that share members with the rule, in
	// the last answer of a Question with it.
	Overlap []Overlap `json:"overlap,omitempty"`
}

// Segment is the answer about one segment.
type Segment struct {
	ID string `json:"segment"`
	Count
	// Share and its ends are parts of all profiles, from 0 to 1.
	Share     float64 `json:"share"`
	ShareLow  float64 `json:"share_low"`
	ShareHigh float64 `json:"share_high"`
	// Entering is who is a member by the rule and not in the store, and Leaving
	// who is one in the store alone; nil where that was not asked for.
	Entering *Count `json:"entering,omitempty"`
	Leaving  *Count `json:"leaving,omitempty"`
}

// Count is how many profiles are of some kind.
type Count struct {
	// Found is how many there are among the profiles that were seen.
	Found int64 `json:"found"`
	Band
	// Examples are a few of them: the first in order, so drawn at random.
	Examples []string `json:"examples"`
}

const (
	// mostExamples is how many profiles are told of a Count.
	mostExamples = 5
	// stride is how many profiles are evaluated between two looks at the clock
	// and at whether somebody still waits.
	stride = 256
)

// Ask evaluates a question over the snapshot in the order of the hash, and tells
// what is known after the first profiles and then each time that so much time
// has passed. With every 0 it tells after each stride. It returns the last
// answer, also where the context ends first, with the context's error.
func (s *Snapshot) Ask(ctx context.Context, q *Question, every time.Duration, tell func(*Answer) error) (*Answer, error) {
	p := s.newPass(q, q.asked)
	one := s.newScan(q.set, p)
	var told time.Time
	for seen := int64(0); seen < s.Held(); seen += stride {
		if err := ctx.Err(); err != nil {
			one.fold()
			return p.last(), err
		}
		if err := one.evaluate(seen); err != nil {
			return nil, err
		}
		if seen+stride < s.Held() && time.Since(told) >= every {
			one.fold()
			if err := tell(p.answer()); err != nil {
				return nil, err
			}
			told = time.Now()
		}
	}
	one.fold()
	return p.last(), nil
}

// stride returns the next profiles behind so many.
func (s *Snapshot) stride(seen int64) []held {
	return s.held[seen:min(int(seen)+stride, len(s.held))]
}

// tally counts profiles of some kind.
type tally struct {
	found    int64
	examples []string
}

func (t *tally) add(id string) {
	if t.found++; len(t.examples) < mostExamples {
		t.examples = append(t.examples, id)
	}
}

// pass is what a scan has found for one question.
type pass struct {
	of   *Snapshot
	q    *Question
	at   []int // positions in the set of the scan, of q.asked
	seen int64
	// By position in q.asked.
	members  []tally
	entering []tally
	leaving  []tally
	shared   map[string]*shared // by segment in force

	stored []bool   // whether the profile at hand was in a segment
	stood  []string // where it was, if the overlap is asked for
}

func (s *Snapshot) newPass(q *Question, at []int) *pass {
	return &pass{
		of: s, q: q, at: at, members: make([]tally, len(at)), entering: make([]tally, len(at)), leaving: make([]tally, len(at)),
		shared: map[string]*shared{}, stored: make([]bool, len(at)),
	}
}

// last is the answer that nothing follows.
func (p *pass) last() *Answer {
	a := p.answer()
	a.Overlap = p.overlap()
	return a
}

// answer says what is known so far.
func (p *pass) answer() *Answer {
	a := &Answer{
		Seen: p.seen, Held: p.of.Held(), Profiles: p.of.All(), Segments: make([]Segment, len(p.q.asked)), Done: p.seen == p.of.Held(),
	}
	for k, position := range p.q.asked {
		one := Segment{ID: p.q.id(position), Count: p.countOf(&p.members[k])}
		if all := float64(p.of.all); all > 0 {
			one.Share, one.ShareLow, one.ShareHigh = float64(one.Estimate)/all, float64(one.Low)/all, float64(one.High)/all
		}
		if p.q.live {
			entering, leaving := p.countOf(&p.entering[k]), p.countOf(&p.leaving[k])
			one.Entering, one.Leaving = &entering, &leaving
		}
		a.Segments[k] = one
	}
	return a
}

// countOf is what a tally tells of all profiles.
func (p *pass) countOf(t *tally) Count {
	return Count{Found: t.found, Band: BandOf(t.found, p.seen, p.of.all), Examples: append([]string{}, t.examples...)}
}
