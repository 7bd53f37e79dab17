package sink

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"muster/pipeline"
)

// Step is how long the intervals are that flows are counted of, in UTC.
type Step int

// The steps. Hours of a day, and days of a month, are kept in one key.
const (
	Hour Step = iota
	Day
)

// Flow is how many profiles entered a segment, and how many left it, within an
// hour or a day. Who does both several times is counted each time.
type Flow struct {
	At            int64 // when the hour or day begins, ms since 1970 UTC
	Entered, Left int64
}

const hourMillis = 3600_000

// Begin returns when the hour or day of an instant begins, in ms since 1970 UTC.
func (s Step) Begin(at int64) int64 {
	length := s.Length()
	begin := at - at%length
	if begin > at {
		begin -= length // before 1970
	}
	return begin
}

// Length is how long an hour or day is, in ms.
func (s Step) Length() int64 {
	if s == Hour {
		return hourMillis
	}
	return 24 * hourMillis
}

// page is the day, or month, that is kept in one key with the flows of all
// segments: its number since 1970, or since the year 0.
func (s Step) page(at int64) int64 {
	if s == Hour {
		return Day.Begin(at) / Day.Length()
	}
	year, month, _ := time.UnixMilli(at).UTC().Date()
	return int64(year)*12 + int64(month) - 1
}

// slot is the place of an instant within its page: the hour, or the day.
func (s Step) slot(at int64) byte {
	if s == Hour {
		return byte((Hour.Begin(at) - Day.Begin(at)) / hourMillis)
	}
	return byte(time.UnixMilli(at).UTC().Day())
}

// begin returns when a page begins.
func (s Step) begin(page int64) time.Time {
	if s == Hour {
		return time.Unix(page*86400, 0).UTC()
	}
	return time.Date(int(page/12), time.Month(page%12+1), 1, 0, 0, 0, 0, time.UTC)
}

// at returns when a slot of a page begins, in ms since 1970 UTC.
func (s Step) at(page int64, slot byte) int64 {
	begin := s.begin(page)
	if s == Hour {
		return begin.UnixMilli() + int64(slot)*hourMillis
	}
	return begin.AddDate(0, 0, int(slot)-1).UnixMilli()
}

// field names the step in the meta hash, with the instant since when it is counted.
func (s Step) field() string { return [...]string{"hourly", "daily"}[s] }

// steps are both.
var steps = [...]Step{Hour, Day}

// flowDays is how many days the flows of a step outlive their day, 0 for that
// they are not counted.
func (c *Config) flowDays(s Step) int {
	if s == Hour {
		return c.HourlyFlowDays
	}
	return c.DailyFlowDays
}

// flows returns the key of a page.
func (k keys) flows(shard int, s Step, page int64) string {
	b, begin := k.appendShard(nil, shard), s.begin(page)
	if s == Hour {
		return string(begin.AppendFormat(append(b, "hours:"...), "20060102"))
	}
	return string(begin.AppendFormat(append(b, "days:"...), "200601"))
}

// flowExpiry is when a page goes: so many days after its last day.
func (s *Store) flowExpiry(step Step, page int64) time.Time {
	return step.begin(page+1).AddDate(0, 0, s.cfg.flowDays(step))
}

// flowsAhead is how far ahead of the wall clock pages are looked for: an arrival
// may be some minutes ahead.
const flowsAhead = time.Hour

// flowPages are the pages from an instant on that may be there, as seen now.
func (s *Store) flowPages(step Step, from int64, now time.Time) []int64 {
	if s.cfg.flowDays(step) == 0 {
		return nil
	}
	kept := now.AddDate(0, 0, -s.cfg.flowDays(step)-1).UnixMilli()
	var pages []int64
	for page := step.page(max(from, kept)); page <= step.page(now.Add(flowsAhead).UnixMilli()); page++ {
		pages = append(pages, page)
	}
	return pages
}

// A page has a field for each segment: for each slot in which there was
// anything, in their order, the slot as a byte and both counts as varints.
// Nothing else would be as small: an hour takes 3 bytes, mostly.

// slotFlow is one slot of such a text.
type slotFlow struct {
	slot          byte
	entered, left uint64
}

// nextFlow reads the first slot of a text and returns the rest. What can't be
// read ends the text.
func nextFlow(text string) (f slotFlow, rest string, ok bool) {
	if text == "" {
		return f, "", false
	}
	f.slot, rest = text[0], text[1:]
	var first, second int
	f.entered, first = uvarint(rest)
	f.left, second = uvarint(rest[max(0, first):])
	if first <= 0 || second <= 0 {
		return slotFlow{}, "", false
	}
	return f, rest[first+second:], true
}

// uvarint is binary.Uvarint of a text.
func uvarint(text string) (uint64, int) {
	return binary.Uvarint([]byte(text[:min(len(text), binary.MaxVarintLen64)]))
}

func appendFlow(b []byte, f slotFlow) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(append(b, f.slot), f.entered), f.left)
}

// appendFlows appends a text with more flows, in the order of their slots,
// added to it. A text that can't be read counts as far as it can: no count is
// worth more than the commit that it would hold up.
func appendFlows(b []byte, text string, more []slotFlow) []byte {
	f, rest, ok := nextFlow(text)
	for ok || len(more) > 0 {
		switch {
		case !ok || len(more) > 0 && more[0].slot < f.slot:
			b, more = appendFlow(b, more[0]), more[1:]
			continue
		case len(more) > 0 && more[0].slot == f.slot:
			f.entered, f.left, more = f.entered+more[0].entered, f.left+more[0].left, more[1:]
		}
		b = appendFlow(b, f)
		f, rest, ok = nextFlow(rest)
	}
	return b
}

// flowPage is what a commit adds to one page.
type flowPage struct {
	key     string
	number  int64
	expires time.Time
	fields  []flowField
	slots   []slotFlow // of all fields, one after the other
	stored  []any      // what the fields hold before, as Redis answers
}

// flowField is what is added of one segment.
type flowField struct {
	segment  string
	from, to int // in slots
}

// moves are the changes of one segment within an hour.
type moves struct {
	segment       string
	hour          int64
	entered, left uint64
}

// countMoves counts changes by segment and hour, and returns them in that
// order.
func countMoves(changes []pipeline.Change) []moves {
	type place struct {
		segment string
		hour    int64
	}
	counted := make([]moves, 0, len(changes))
	places := make(map[place]int, len(changes))
	for i := range changes {
		c := &changes[i]
		p := place{c.Segment, Hour.Begin(c.At)}
		n, known := places[p]
		if !known {
			n = len(counted)
			places[p] = n
			counted = append(counted, moves{segment: p.segment, hour: p.hour})
		}
		if c.Entered {
			counted[n].entered++
		} else {
			counted[n].left++
		}
	}
	slices.SortFunc(counted, func(a, b moves) int {
		return cmp.Or(cmp.Compare(a.segment, b.segment), cmp.Compare(a.hour, b.hour))
	})
	return counted
}

// countFlows returns what changes add to pages. The hour is that of the change
// itself, so a batch that is replayed counts where it did. What would expire at
// once is left out, and what is of the future, where an arrival can't be.
func (s *Store) countFlows(shard int, changes []pipeline.Change, now time.Time) []*flowPage {
	if len(changes) == 0 || s.cfg.HourlyFlowDays == 0 && s.cfg.DailyFlowDays == 0 {
		return nil
	}
	counted := countMoves(changes)
	var all []*flowPage
	for _, step := range steps {
		if s.cfg.flowDays(step) == 0 {
			continue
		}
		var pages []*flowPage
		for i := range counted {
			number := step.page(counted[i].hour)
			at := slices.IndexFunc(pages, func(p *flowPage) bool { return p.number == number })
			if at < 0 {
				at = len(pages)
				pages = append(pages, &flowPage{
					key: s.keys.flows(shard, step, number), number: number, expires: s.flowExpiry(step, number),
				})
			}
			pages[at].add(&counted[i], step.slot(counted[i].hour))
		}
		future := step.page(now.Add(flowsAhead).UnixMilli()) + 1
		all = append(all, slices.DeleteFunc(pages, func(p *flowPage) bool { return p.number >= future || !p.expires.After(now) })...)
	}
	return all
}

// add adds moves, which come in the order of segments and hours.
func (p *flowPage) add(m *moves, slot byte) {
	n := len(p.fields)
	if n == 0 || p.fields[n-1].segment != m.segment {
		p.fields = append(p.fields, flowField{m.segment, len(p.slots), len(p.slots)})
		n++
	}
	f := &p.fields[n-1]
	if f.to > f.from && p.slots[f.to-1].slot == slot {
		p.slots[f.to-1].entered += m.entered
		p.slots[f.to-1].left += m.left
		return
	}
	p.slots = append(p.slots, slotFlow{slot, m.entered, m.left})
	f.to++
}

// String is the name of a step.
func (s Step) String() string { return [...]string{"hour", "day"}[s] }

// flowMark reads since when flows are counted, in ms since 1970 UTC.
func flowMark(text string) (int64, bool) {
	at, err := strconv.ParseInt(text, 10, 64)
	return at, err == nil
}
