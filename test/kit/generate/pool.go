package generate

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
)

// Pool is what segments are edited with: rules that come and go. What they
// count has to be kept all the time, or else nobody could say who is in a
// segment that is new. So there are segments, the keepers, that nobody edits
// and that mention all of it.
type Pool struct {
	rules   []string          // may mention bases
	basics  []string          // rules of bases, which mention no segment
	keepers map[string]string // by segment
}

// Editable is how many segments a Pool has at most, beside bases and keepers.
const Editable = 30

// bases are segments that others mention. They are always there; what they
// mean is edited.
var bases = []string{"base-0", "base-1", "base-2"}

// mention is a rule's word for another segment.
var mention = regexp.MustCompile(`segment\("[^"]*"\)`)

// perKeeper is how many rules one keeper mentions.
const perKeeper = 5

// NewPool draws a pool, with held(...) in it or not, and with some rules more.
// Since when something has been held is known only as long as it means the
// same, so that what is held mentions no segment.
func NewPool(r *rand.Rand, holding bool, more ...string) *Pool {
	p := &Pool{keepers: map[string]string{}}
	for range 6 {
		p.basics = append(p.basics, drawn(r, r.IntN(2), nil, holding))
	}
	for range 16 {
		p.rules = append(p.rules, drawn(r, r.IntN(3), bases, holding))
	}
	p.rules = append(p.rules, more...)
	for group := range slices.Chunk(slices.Concat(p.basics, p.rules), perKeeper) {
		text := "(" + strings.Join(group, ") or (") + ")"
		text = mention.ReplaceAllString(text, `(bucket("keeper") < 50)`)
		p.keepers[fmt.Sprintf("keeper-%d", len(p.keepers))] = text
	}
	return p
}

// Forget leaves the keepers out, so that what a segment counts is kept only
// while there is one that counts it.
func (p *Pool) Forget() *Pool {
	p.keepers = map[string]string{}
	return p
}

// drawn is a rule for a pool. One that begins with let could not stand in a
// keeper.
func drawn(r *rand.Rand, depth int, segments []string, holding bool) string {
	for {
		text := Rule(r, depth, segments)
		holds := strings.Contains(text, "held(")
		if !strings.HasPrefix(text, "let ") && (!holds || holding && !mention.MatchString(text)) {
			return text
		}
	}
}

// First returns the rules that a history begins with, by segment.
func (p *Pool) First(r *rand.Rand) map[string]string {
	texts := maps.Clone(p.keepers)
	for _, id := range bases {
		texts[id] = pick(r, p.basics)
	}
	p.resize(r, texts, 1+r.IntN(Editable))
	return texts
}

// Edit returns rules that come after others. Before are those of some time
// ago, which may be put back.
func (p *Pool) Edit(r *rand.Rand, texts, before map[string]string) map[string]string {
	next := maps.Clone(texts)
	switch r.IntN(12) {
	case 0, 1:
		p.resize(r, next, 1+r.IntN(Editable))
	case 2, 3:
		next[editable(r.IntN(Editable))] = pick(r, p.rules) // one is new, or another
	case 4:
		delete(next, editable(r.IntN(Editable)))
	case 5, 6:
		p.change(r, next, 1+r.IntN(3))
	case 7:
		p.change(r, next, Editable)
	case 8:
		next[pick(r, bases)] = pick(r, p.basics)
	case 9:
		rename(next, editable(r.IntN(Editable)), editable(r.IntN(Editable)))
	case 10:
		next = maps.Clone(before)
	case 11: // the same again
	}
	return next
}

func editable(i int) string { return fmt.Sprintf("s%02d", i) }

// resize adds and removes segments until there are so many.
func (p *Pool) resize(r *rand.Rand, texts map[string]string, size int) {
	size += len(bases) + len(p.keepers)
	for _, i := range r.Perm(Editable) {
		id := editable(i)
		if _, is := texts[id]; is && len(texts) > size {
			delete(texts, id)
		} else if !is && len(texts) < size {
			texts[id] = pick(r, p.rules)
		}
	}
}

// change gives at most n segments another rule.
func (p *Pool) change(r *rand.Rand, texts map[string]string, n int) {
	for _, i := range r.Perm(Editable) {
		if _, is := texts[editable(i)]; is && n > 0 {
			texts[editable(i)] = pick(r, p.rules)
			n--
		}
	}
}

// rename gives a segment the id of another that is not there.
func rename(texts map[string]string, from, to string) {
	text, is := texts[from]
	if _, taken := texts[to]; !is || taken {
		return
	}
	delete(texts, from)
	texts[to] = text
}
