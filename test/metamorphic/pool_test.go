package metamorphic

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"muster/rules"
	"muster/test/kit/generate"
)

// pool is what segments are edited with: rules that come and go. What they
// count has to be kept all the time, or else nobody could say who is in a
// segment that is new. So there are segments, the keepers, that nobody edits
// and that mention all of it.
type pool struct {
	rules   []string          // may mention bases
	basics  []string          // rules of bases, which mention no segment
	keepers map[string]string // by segment
}

// bases are segments that others mention. They are always there; what they
// mean is edited.
var bases = []string{"base-0", "base-1", "base-2"}

// mention is a rule's word for another segment.
var mention = regexp.MustCompile(`segment\("[^"]*"\)`)

// newPool draws a pool, with held(...) in it or not. Since when something has
// been held is known only as long as it means the same, so that what is held
// mentions no segment.
func newPool(r *rand.Rand, holding bool) *pool {
	p := &pool{keepers: map[string]string{}}
	draw := func(depth int, segments []string) string {
		for {
			text := generate.Rule(r, depth, segments)
			holds := strings.Contains(text, "held(")
			if strings.HasPrefix(text, "let ") || holds && (!holding || mention.MatchString(text)) {
				continue
			}
			return text
		}
	}
	for range 6 {
		p.basics = append(p.basics, draw(r.IntN(2), nil))
	}
	for range 16 {
		p.rules = append(p.rules, draw(r.IntN(3), bases))
	}
	p.rules = append(p.rules, steps...)
	for group := range slices.Chunk(slices.Concat(p.basics, p.rules), 5) {
		text := "(" + strings.Join(group, ") or (") + ")"
		text = mention.ReplaceAllString(text, `(bucket("keeper") < 50)`)
		p.keepers[fmt.Sprintf("keeper-%d", len(p.keepers))] = text
	}
	return p
}

// most is how many segments there are beside bases and keepers.
const most = 30

func editable(i int) string { return fmt.Sprintf("s%02d", i) }

// first returns the rules that a history begins with.
func (p *pool) first(r *rand.Rand) map[string]string {
	texts := maps.Clone(p.keepers)
	for _, id := range bases {
		texts[id] = pick(r, p.basics)
	}
	p.resize(r, texts, 1+r.IntN(most))
	return texts
}

// edit returns rules that come after others. Before are those of some time
// ago, which may be put back.
func (p *pool) edit(r *rand.Rand, texts, before map[string]string) map[string]string {
	next := maps.Clone(texts)
	switch r.IntN(12) {
	case 0, 1:
		p.resize(r, next, 1+r.IntN(most))
	case 2, 3:
		next[editable(r.IntN(most))] = pick(r, p.rules) // one is new, or another
	case 4:
		delete(next, editable(r.IntN(most)))
	case 5, 6:
		p.change(r, next, 1+r.IntN(3))
	case 7:
		p.change(r, next, most)
	case 8:
		next[pick(r, bases)] = pick(r, p.basics)
	case 9:
		p.rename(r, next)
	case 10:
		next = maps.Clone(before)
	case 11: // the same again
	}
	return next
}

// resize adds and removes segments until there are so many.
func (p *pool) resize(r *rand.Rand, texts map[string]string, size int) {
	for _, i := range r.Perm(most) {
		id := editable(i)
		if _, is := texts[id]; is && p.edited(texts) > size {
			delete(texts, id)
		} else if !is && p.edited(texts) < size {
			texts[id] = pick(r, p.rules)
		}
	}
}

func (p *pool) edited(texts map[string]string) int { return len(texts) - len(bases) - len(p.keepers) }

// change gives at most n segments another rule.
func (p *pool) change(r *rand.Rand, texts map[string]string, n int) {
	for _, i := range r.Perm(most) {
		if _, is := texts[editable(i)]; is && n > 0 {
			texts[editable(i)] = pick(r, p.rules)
			n--
		}
	}
}

// rename gives a segment the id of another that is not there.
func (p *pool) rename(r *rand.Rand, texts map[string]string) {
	from, to := editable(r.IntN(most)), editable(r.IntN(most))
	text, is := texts[from]
	if _, taken := texts[to]; !is || taken {
		return
	}
	delete(texts, from)
	texts[to] = text
}

// listed reports whether a segment's members are kept, which no edit changes.
func listed(id string) bool { return !strings.HasSuffix(id, "7") }

// compileSegments makes a set of rules.
func compileSegments(t *testing.T, texts map[string]string) *rules.Set {
	t.Helper()
	var segments []rules.Segment
	for id, text := range texts {
		one := rules.NewSegment(id, text)
		one.Members = listed(id)
		segments = append(segments, one)
	}
	set, err := rules.Compile(segments)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }
