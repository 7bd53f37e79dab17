package sink

import (
	"encoding/binary"
	"strconv"
	"time"
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

// countsFlows reports whether those of any step are counted.
func (c *Config) countsFlows() bool { return c.HourlyFlowDays > 0 || c.DailyFlowDays > 0 }

// flows returns the key of a page.
func (k keys) flows(shard int, s Step, page int64) string {
	b, begin := k.appendShard(nil, shard), s.begin(page)
	if s == Hour {
		return string(begin.AppendFormat(append(b, "hours:"...), "20060102"))
	}
	return string(begin.AppendFormat(append(b, "days:"...), "200601"))
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

// nextFlow reads the first slot of a text and returns the rest. It is not ok at
// the end, where nothing is left, and in front of what can't be read.
func nextFlow(text []byte) (f slotFlow, rest []byte, ok bool) {
	if len(text) == 0 {
		return f, nil, false
	}
	f.slot, rest = text[0], text[1:]
	var first, second int
	f.entered, first = binary.Uvarint(rest)
	f.left, second = binary.Uvarint(rest[max(0, first):])
	if first <= 0 || second <= 0 {
		return slotFlow{}, text, false
	}
	return f, rest[first+second:], true
}

// readableFlows returns how much of a text can be read.
func readableFlows(text []byte) int {
	rest := text
	for ok := true; ok; {
		_, rest, ok = nextFlow(rest)
	}
	return len(text) - len(rest)
}

func appendFlow(b []byte, f slotFlow) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(append(b, f.slot), f.entered), f.left)
}

// longestFlows is the most that a text takes: a month of the largest counts.
const longestFlows = 31 * (1 + 2*binary.MaxVarintLen64)

// addFlow adds to one slot of a text that can be read, where it stands.
func addFlow(text []byte, add slotFlow) []byte {
	at, rest := 0, text
	for {
		f, next, ok := nextFlow(rest)
		if !ok || f.slot > add.slot {
			break
		}
		if f.slot == add.slot {
			add.entered, add.left, rest = add.entered+f.entered, add.left+f.left, next
			break
		}
		at, rest = len(text)-len(next), next
	}
	var room [longestFlows]byte
	behind := append(room[:0], rest...)
	return append(appendFlow(text[:at], add), behind...)
}

// sumFlows adds up all slots of a text.
func sumFlows(text []byte) (sum slotFlow) {
	for f, rest, ok := nextFlow(text); ok; f, rest, ok = nextFlow(rest) {
		sum.entered, sum.left = sum.entered+f.entered, sum.left+f.left
	}
	return sum
}

// String is the name of a step.
func (s Step) String() string { return [...]string{"hour", "day"}[s] }

// flowMark reads since when flows are counted, in ms since 1970 UTC.
func flowMark(text string) (int64, bool) {
	at, err := strconv.ParseInt(text, 10, 64)
	return at, err == nil
}
