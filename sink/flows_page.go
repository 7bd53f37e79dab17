package sink

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// mostOpen bounds the segments of a page that its owner keeps in memory, some
// 4 MB where each of them changes in every hour. Of a page with more nothing is
// kept, and each commit reads what it adds to.
const mostOpen = 1 << 14

// flowPage is what is known of a page, and what a commit changes in it.
type flowPage struct {
	step   Step
	number int64
	key    string
	whole  bool             // a segment that is not in places is not in the page
	places map[string]int32 // of segments, in texts
	texts  []flowText

	touched []int32   // places of what the commit at hand changes
	told    time.Time // when Redis was told that the page expires
}

// flowText is a field of a page.
type flowText struct {
	segment string
	text    piece
	touched bool
}

func newFlowPage(key string, step Step, number int64) *flowPage {
	return &flowPage{key: key, step: step, number: number, places: map[string]int32{}}
}

// put adds a segment with what is stored of it.
func (p *flowPage) put(segment, stored string, told *Observer) {
	text := piece(stored)
	if end := readableFlows(text); end < len(text) {
		told.unreadable(p.key, segment)
		text = text[:end]
	}
	p.places[segment] = int32(len(p.texts))
	p.texts = append(p.texts, flowText{segment: segment, text: text})
}

// errMany says that a page has more segments than were asked for.
var errMany = errors.New("many segments")

// readWhole reads a page unless it has more than so many segments.
func (p *flowPage) readWhole(ctx context.Context, tx *redis.Tx, most int, told *Observer) error {
	err := eachField(ctx, tx, p.key, func(segment, text string) error {
		if _, known := p.places[segment]; known {
			return nil // a field may come twice
		}
		if len(p.texts) >= most {
			return errMany
		}
		p.put(segment, text, told)
		return nil
	})
	if errors.Is(err, errMany) {
		p.drop()
		return nil
	}
	p.whole = err == nil
	return err
}

// readSome reads some segments.
func (p *flowPage) readSome(ctx context.Context, tx *redis.Tx, segments []string, told *Observer) error {
	p.drop()
	if len(segments) == 0 {
		return nil
	}
	values, err := tx.HMGet(ctx, p.key, segments...).Result()
	if err != nil {
		return err
	}
	for i, value := range values {
		text, _ := value.(string) // nil for one that is absent
		p.put(segments[i], text, told)
	}
	return nil
}

// drop forgets the texts.
func (p *flowPage) drop() {
	p.whole, p.texts, p.touched = false, nil, nil
	clear(p.places)
}

// bound forgets the texts of a page that is not known whole, or has grown to
// more than is kept.
func (p *flowPage) bound() {
	if !p.whole || len(p.texts) > mostOpen {
		p.drop()
		p.places = map[string]int32{} // a map does not shrink
	}
}

// add adds to a slot of a segment, whose text is known.
func (p *flowPage) add(segment string, f slotFlow) {
	place, known := p.places[segment]
	if !known {
		place = int32(len(p.texts))
		segment = strings.Clone(segment) // what it is part of need not stay
		p.places[segment] = place
		p.texts = append(p.texts, flowText{segment: segment})
	}
	t := &p.texts[place]
	t.text = addFlow(t.text, f)
	if !t.touched {
		t.touched = true
		p.touched = append(p.touched, place)
	}
}

// fill writes what was touched. The texts do not move until they were sent.
func (p *flowPage) fill(ctx context.Context, t *transaction) {
	t.begin("hset", p.key)
	for _, place := range p.touched {
		field := &p.texts[place]
		field.touched = false
		t.add(&field.segment, &field.text)
	}
	p.touched = p.touched[:0]
	t.end(ctx)
}
