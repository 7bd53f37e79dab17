package snapshot

import (
	"context"
	"fmt"
	"time"

	"muster/profile"
	"muster/rules"
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
	p := s.newPass(q)
	var told time.Time
	for int(p.seen) < len(s.held) {
		if err := ctx.Err(); err != nil {
			return p.last(), err
		}
		if err := p.evaluate(s.held[p.seen:min(int(p.seen)+stride, len(s.held))]); err != nil {
			return nil, err
		}
		if int(p.seen) < len(s.held) && time.Since(told) >= every {
			if err := tell(p.answer()); err != nil {
				return nil, err
			}
			told = time.Now()
		}
	}
	return p.last(), nil
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

// pass is one scan of a snapshot for a question.
type pass struct {
	of      *Snapshot
	q       *Question
	matcher *rules.Matcher
	codecs  []*profile.Codec // by shard
	seen    int64
	// By position in q.asked.
	members  []tally
	entering []tally
	leaving  []tally
	shared   map[string]*shared // by segment in force
}

func (s *Snapshot) newPass(q *Question) *pass {
	p := &pass{
		of: s, q: q, matcher: rules.NewMatcher(q.set), codecs: make([]*profile.Codec, len(s.shards)),
		members: make([]tally, len(q.asked)), entering: make([]tally, len(q.asked)), leaving: make([]tally, len(q.asked)),
		shared: map[string]*shared{},
	}
	schema, ids := q.set.Schema(), q.set.IDs()
	for i := range s.shards {
		codec, _ := profile.NewCodec(schema, ids, s.shards[i].names)
		// It reads what the rules ask for, and other memberships where they count.
		p.codecs[i] = codec.Retiring(func(string) bool { return q.overlap })
	}
	return p
}

// evaluate has the engine look at profiles as of the clocks of their shards. It
// finds all memberships anew; those that are stored are noted before.
func (p *pass) evaluate(some []held) error {
	stored := make([]bool, len(p.q.asked))
	for i := range some {
		one := &some[i]
		decoded, err := p.codecs[one.shard].Decode(one.id, one.blob)
		if err != nil {
			return fmt.Errorf("reading a profile of shard %d: %w", one.shard, err)
		}
		for k, position := range p.q.asked {
			stored[k] = decoded.Members.Has(position)
		}
		var stood []string
		if p.q.overlap {
			stood = p.standing(decoded, p.codecs[one.shard])
		}
		p.matcher.Full(decoded, p.of.shards[one.shard].clock)
		p.seen++
		for k, position := range p.q.asked {
			p.count(k, one.id, stored[k], decoded.Members.Has(position))
		}
		if p.q.overlap {
			p.share(stood, decoded.Members.Has(p.q.asked[0]))
		}
	}
	return nil
}

// count counts a profile that was in a segment, or is by its rule.
func (p *pass) count(k int, id string, was, is bool) {
	if is {
		p.members[k].add(id)
	}
	switch {
	case is && !was:
		p.entering[k].add(id)
	case was && !is:
		p.leaving[k].add(id)
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
