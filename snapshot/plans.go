package snapshot

import (
	"container/list"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"muster/rules"
)

const (
	// mostPlans and mostPlanBytes bound the questions that Plans keep: their
	// number, and the texts that they were made of.
	mostPlans     = 256
	mostPlanBytes = 4 << 20
	// compiledAtOnce is how many questions are compiled at once, which keeps a
	// processor busy each.
	compiledAtOnce = 2
)

// Plans compile questions and keep those that were asked last, by their normal
// form: 256 at most, of 4 MB of text together. It is safe for concurrent use.
type Plans struct {
	inForce   func() *rules.Set
	compiling chan struct{}

	mu    sync.Mutex
	known map[string]*list.Element // of *plan, by the key of its question
	order list.List                // the one that was asked last comes first
	bytes int
}

// plan is a question that is kept.
type plan struct {
	question *Question
	bytes    int
}

// NewPlans returns Plans for questions that may mention the segments in force.
func NewPlans(inForce func() *rules.Set) *Plans {
	return &Plans{inForce: inForce, compiling: make(chan struct{}, compiledAtOnce), known: map[string]*list.Element{}}
}

// OfRule returns the question that a rule is, with the overlap if that is asked
// for, or the mistakes of the rule.
func (p *Plans) OfRule(ctx context.Context, rule string, overlap bool) (*Question, error) {
	beside := p.inForce()
	key := ""
	if normal, mentions, ok := rules.NormalRule(rule); ok {
		key = ruleKey(normal, mentions, beside, overlap)
	}
	return p.get(ctx, key, len(rule), func() (*Question, error) {
		q, err := OfRule(rule, beside)
		if err == nil && overlap {
			q = q.WithOverlap()
		}
		return q, err
	})
}

// OfDraft returns the question after all segments of a file, or its mistakes.
func (p *Plans) OfDraft(ctx context.Context, text string, againstLive bool) (*Question, error) {
	tables := p.inForce().Catalogues()
	key := fmt.Sprintf("draft %t %x %s", againstLive, tables.Version(), text)
	return p.get(ctx, key, len(text), func() (*Question, error) {
		set, err := rules.LoadWith(rules.Options{Catalogues: tables}, rules.Source{Data: []byte(text)})
		if err != nil {
			return nil, err
		}
		return OfDraft(set, againstLive), nil
	})
}

// ruleKey is equal for rules that mean the same beside the same segments.
func ruleKey(normal string, mentions []string, beside *rules.Set, overlap bool) string {
	var key strings.Builder
	fmt.Fprintf(&key, "rule %t %x %s", overlap, beside.Catalogues().Version(), normal)
	for _, id := range mentions {
		if position, ok := beside.Position(id); ok {
			fmt.Fprintf(&key, " %s=%x", id, beside.Meaning(position))
		}
	}
	return key.String()
}

// get returns the question of a key, and makes it where it is not known.
func (p *Plans) get(ctx context.Context, key string, bytes int, compile func() (*Question, error)) (*Question, error) {
	if q := p.find(key); q != nil {
		return q, nil
	}
	select {
	case p.compiling <- struct{}{}:
		defer func() { <-p.compiling }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if q := p.find(key); q != nil { // somebody has made it meanwhile
		return q, nil
	}
	q, err := compile()
	if err != nil {
		return nil, err
	}
	own := *q
	own.key = key
	p.keep(&own, bytes+len(key))
	return &own, nil
}

func (p *Plans) find(key string) *Question {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.known[key]
	if at == nil {
		return nil
	}
	p.order.MoveToFront(at)
	return at.Value.(*plan).question
}

// keep keeps a question, and forgets those that were not asked for longest.
func (p *Plans) keep(q *Question, bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known[q.key] != nil || bytes > mostPlanBytes {
		return
	}
	p.known[q.key] = p.order.PushFront(&plan{q, bytes})
	p.bytes += bytes
	for p.order.Len() > mostPlans || p.bytes > mostPlanBytes {
		last := p.order.Remove(p.order.Back()).(*plan)
		delete(p.known, last.question.key)
		p.bytes -= last.bytes
	}
}

// together returns one rule set for questions that are rules, and where each has
// its segment in it; nil where they can't be one, as two that mention different
// segments of one id.
func together(questions []*Question) (set *rules.Set, places []int) {
	var segments []rules.Segment
	known := map[string]*Question{} // who has brought a segment
	names := make([]string, len(questions))
	for _, q := range questions {
		own := q.asked[0]
		for position := range q.set.Len() {
			id := q.id(position)
			if position == own {
				continue
			}
			if before := known[id]; before != nil {
				at, _ := before.set.Position(id)
				if before.set.Meaning(at) != q.set.Meaning(position) {
					return nil, nil
				}
				continue
			}
			known[id] = q
			segments = append(segments, *q.set.Segment(position))
		}
	}
	for i, q := range questions {
		number := i
		for names[i] = fmt.Sprintf("%s-%d", RuleID, number); known[names[i]] != nil; names[i] = fmt.Sprintf("%s-%d", RuleID, number) {
			number += len(questions)
		}
		segments = append(segments, rules.NewSegment(names[i], q.set.Segment(q.asked[0]).Rule).Using(q.set.Catalogues()))
	}
	set, err := rules.Compile(segments)
	if err != nil {
		return nil, nil // each by itself has no mistake, but all may be too many
	}
	for _, name := range names {
		position, _ := set.Position(name)
		places = append(places, position)
	}
	return set, slices.Clip(places)
}
