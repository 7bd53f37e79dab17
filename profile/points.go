package profile

import (
	"slices"
	"sort"

	"muster/event"
)

// points is what a profile keeps of one series: entries sorted by event
// time, ties in order of arrival, and lumps with what is no longer kept
// entry by entry, oldest first. The columns of the entries begin at head:
// taking old entries away moves it, and what lies before it is moved over
// once it is half, so that an entry costs the same however many there are.
type points struct {
	series int
	head   int
	times  []int64
	nums   []float64 // of Numbers
	vals   []string  // encoded values of Distinct (sorted), First, Last and Values
	text   int       // bytes of vals
	lumps  []lump
	sums   *sums  // of nums, nil until they are asked for
	steps  *steps // all there is of a series with several steps, else nil
}

// add takes one event, which is in a set of the series' steps, and reports
// whether the points changed.
func (p *points) add(series *Series, ev *event.Event, set uint8, now int64, cfg *Config) bool {
	switch series.Keep {
	case KeepRecentSequence, KeepTotalSequence, KeepTotalAbandoned:
		return p.addStep(series, ev, set, now, cfg.Entries)
	case KeepTotalCount:
		p.fold(ev.Time, 0)
		return true
	case KeepTotalNumbers:
		return p.addTotal(series, ev)
	case KeepTotalDistinct:
		return p.addDistinct(encodeKey(series.Project(ev)), min(cfg.Entries, cfg.StateBytes/distinctShare))
	case KeepTotalFirst, KeepTotalLast:
		return p.addEdge(series, ev, cfg.ContextBytes)
	}
	return p.addSliding(series, ev, now, cfg.Entries)
}

func (p *points) addStep(s *Series, ev *event.Event, set uint8, now int64, limit int) bool {
	if p.steps == nil {
		p.steps = newSteps()
	}
	if s.Keep == KeepRecentSequence {
		if p.steps.expire(now - s.Window); ev.Time <= now-s.Window {
			return false
		}
	}
	return p.steps.add(s, ev.Time, set, limit)
}

func (p *points) addSliding(series *Series, ev *event.Event, now int64, limit int) bool {
	p.expire(now - series.Window)
	if ev.Time <= now-series.Window {
		return false
	}
	switch {
	case series.Keep == KeepSlidingNumbers:
		return p.addNumber(series, ev, limit)
	case series.Keep == KeepSlidingValues:
		p.insertValue(p.insertTime(ev.Time), encodeValue(series.Project(ev)))
	case p.folded(ev.Time):
		p.foldLate(ev.Time, 0)
	default:
		p.insertTime(ev.Time)
	}
	p.dropUncounted(series.Newest)
	p.shrink(limit)
	return true
}

func (p *points) addNumber(series *Series, ev *event.Event, limit int) bool {
	value := series.Project(ev)
	if value.Kind() != event.KindNumber {
		return false
	}
	if p.folded(ev.Time) {
		p.foldLate(ev.Time, value.Number())
		return true
	}
	i := p.insertTime(ev.Time)
	p.nums = slices.Insert(p.nums, i, value.Number())
	p.sums.cut(i)
	p.shrink(limit)
	return true
}

// addTotal adds to a total of numbers. Entries that it still has from a
// version that kept its newest ones apart go the same way.
func (p *points) addTotal(series *Series, ev *event.Event) bool {
	value := series.Project(ev)
	if value.Kind() != event.KindNumber {
		return false
	}
	if n := p.len(); n > 0 {
		if old := p.takeOldest(n); len(p.lumps) > 0 {
			p.lumps[0].merge(old)
		} else {
			p.lumps = append(p.lumps, old)
		}
		p.times, p.nums, p.head = nil, nil, 0
	}
	p.fold(ev.Time, value.Number())
	return true
}

func (p *points) addDistinct(key string, limit int) bool {
	i, found := slices.BinarySearch(p.vals, key)
	if found || len(p.vals) >= limit {
		return false
	}
	p.insertValue(i, key)
	return true
}

// removeDistinct takes a value back that addDistinct took.
func (p *points) removeDistinct(key string) {
	if i, found := slices.BinarySearch(p.vals, key); found {
		p.text -= len(key)
		p.vals = slices.Delete(p.vals, i, i+1)
	}
}

// addEdge keeps the first or the last event. Of events at the same time the
// first to arrive is first and the last to arrive is last. An event that
// says something longer of its context than limit bytes is passed over.
func (p *points) addEdge(s *Series, ev *event.Event, limit int) bool {
	known := len(p.times) > 0
	if known && (s.Keep == KeepTotalFirst && ev.Time >= p.times[0] || s.Keep == KeepTotalLast && ev.Time < p.times[0]) {
		return false
	}
	value := encodeValue(s.Project(ev))
	switch {
	case s.Calls && len(value) > limit:
		return false
	case !known:
		p.times = []int64{ev.Time}
		p.insertValue(0, value)
		return true
	}
	p.times[0], p.vals[0] = ev.Time, value
	p.text = len(p.vals[0])
	return true
}

func (p *points) insertValue(i int, v string) {
	p.vals = slices.Insert(p.vals, i, v)
	p.text += len(v)
}

// insertTime inserts an event time behind all that are not later, and returns
// its index in the columns.
func (p *points) insertTime(at int64) int {
	if len(p.times) == cap(p.times) {
		p.compact()
	}
	i := len(p.times)
	if i > p.head && p.times[i-1] > at {
		i = p.head + sort.Search(i-p.head, func(i int) bool { return p.times[p.head+i] > at })
	}
	p.times = slices.Insert(p.times, i, at)
	return i
}

// apart returns a copy in memory of its own, with room for an entry more.
func (p *points) apart() *points { return p.copied(&points{}) }

// copied makes empty points a copy in their own memory, with room for an entry
// more, and returns them.
func (p *points) copied(own *points) *points {
	times, nums, vals, lumps := own.times, own.nums, own.vals, own.lumps
	*own = *p
	own.times, own.nums, own.vals = roomier(times, p.times), roomier(nums, p.nums), roomier(vals, p.vals)
	own.lumps = append(lumps, p.lumps...)
	return own
}

// roomier copies a list into memory that has nothing yet, with room for one
// more; nil into nil.
func roomier[T any](empty, list []T) []T {
	if list == nil {
		return empty
	}
	return append(slices.Grow(empty, len(list)+1), list...)
}

// len is the number of entries.
func (p *points) len() int { return len(p.times) - p.head }

// entries returns the times of the entries.
func (p *points) entries() []int64 { return p.times[p.head:] }

// values returns the values of the entries; of a total of distinct ones all.
func (p *points) values() []string {
	if p.vals == nil {
		return nil
	}
	return p.vals[p.head:]
}

// numbers returns the numbers of the entries.
func (p *points) numbers() []float64 {
	if p.nums == nil {
		return nil
	}
	return p.nums[p.head:]
}

func (p *points) empty() bool {
	return p.len() == 0 && len(p.values()) == 0 && len(p.lumps) == 0 && (p.steps == nil || p.steps.empty())
}

// cut drops the n oldest entries.
func (p *points) cut(n int) {
	if n == 0 {
		return
	}
	if p.vals != nil {
		gone := p.vals[p.head : p.head+n]
		for _, v := range gone {
			p.text -= len(v)
		}
		clear(gone)
	}
	p.head += n
	if p.head == len(p.times) {
		p.compact()
	}
}

// compact moves the entries to the front of their columns, if those before
// them are half.
func (p *points) compact() {
	if p.head == 0 || 2*p.head < len(p.times) {
		return
	}
	p.times = slices.Delete(p.times, 0, p.head)
	if p.nums != nil {
		p.nums = slices.Delete(p.nums, 0, p.head)
		p.sums.cut(-1)
	}
	if p.vals != nil {
		p.vals = slices.Delete(p.vals, 0, p.head)
	}
	p.head = 0
}

// expire forgets what no window reads any more.
func (p *points) expire(until int64) {
	if p.steps != nil {
		p.steps.expire(until)
	}
	if times := p.entries(); len(times) > 0 && times[0] <= until {
		p.cut(sort.Search(len(times), func(i int) bool { return times[i] > until }))
	}
	b := 0
	for b < len(p.lumps) && p.lumps[b].last <= until {
		b++
	}
	p.lumps = slices.Delete(p.lumps, 0, b)
}

// expiry returns the instant from which expire forgets something, given the
// clock less the window; 1 when only it can tell, 0 for never.
func (p *points) expiry(s *Series) int64 {
	switch {
	case !s.Keep.expires():
		return 0
	case p.steps != nil:
		return 1
	case len(p.lumps) > 0:
		return p.lumps[0].last + s.Window
	case p.len() > 0:
		return p.times[p.head] + s.Window
	}
	return 0
}

// dropUncounted drops what lies before the newest entries, when only so
// many can matter; 0 for all.
func (p *points) dropUncounted(newest int) {
	if newest > 0 && p.len() >= newest {
		p.cut(p.len() - newest)
		p.lumps = nil
	}
}

// bytes estimates the memory the points take.
func (p *points) bytes() int {
	if p.steps != nil {
		return 136 + p.steps.bytes()
	}
	return 136 + 8*cap(p.times) + 8*cap(p.nums) + 16*cap(p.vals) + p.text + 64*cap(p.lumps) + p.sums.bytes()
}
