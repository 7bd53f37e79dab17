package cube

import (
	"fmt"
	"time"
)

// Period is a stretch of days that cells are kept for: each day, and each week
// from Monday on and each month as a whole, so that a year is read at the price
// of some twenty days.
type Period struct {
	Span  Span
	First int64 // its first day since 1970 in UTC
}

// Span says how long a Period is.
type Span byte

// The spans. Their letters stand in stored names.
const (
	Day   Span = 'd'
	Week  Span = 'w'
	Month Span = 'm'
)

// Spans are all of them.
var Spans = [...]Span{Day, Week, Month}

// Around returns the period that a day is in.
func (s Span) Around(day int64) Period {
	at := instant(day)
	switch s {
	case Week:
		day -= int64(at.Weekday()+6) % 7
	case Month:
		day -= int64(at.Day() - 1)
	}
	return Period{s, day}
}

// Last returns the last day of a period.
func (p Period) Last() int64 {
	switch p.Span {
	case Week:
		return p.First + 6
	case Month:
		return p.First + int64(instant(p.First).AddDate(0, 1, -1).Day()) - 1
	}
	return p.First
}

// String names the period: d20261128, w20261123, by its first day, or m202611.
func (p Period) String() string {
	if p.Span == Month {
		return fmt.Sprintf("%c%s", p.Span, instant(p.First).Format("200601"))
	}
	return fmt.Sprintf("%c%s", p.Span, instant(p.First).Format("20060102"))
}

// ParsePeriod returns the period that String names so, false for what names none.
func ParsePeriod(name string) (Period, bool) {
	if name == "" {
		return Period{}, false
	}
	span, layout := Span(name[0]), map[Span]string{Day: "20060102", Week: "20060102", Month: "200601"}[Span(name[0])]
	at, err := time.Parse(layout, name[1:])
	if layout == "" || err != nil {
		return Period{}, false
	}
	p := span.Around(at.Unix() / 86400)
	return p, p.String() == name
}

func instant(day int64) time.Time { return time.Unix(day*86400, 0).UTC() }

// Cover returns few periods that are the days from first to last, both included,
// and in order: whole months, else whole weeks, else days.
func Cover(first, last int64) []Period {
	var periods []Period
	for day := first; day <= last; {
		p := widest(day, last)
		periods = append(periods, p)
		day = p.Last() + 1
	}
	return periods
}

// widest is the widest period that begins with a day and does not go beyond
// last. A week that would cut into a month which can be taken whole is none.
func widest(day, last int64) Period {
	if month := Month.Around(day); month.First == day && month.Last() <= last {
		return month
	}
	week := Week.Around(day)
	if week.First != day || week.Last() > last {
		return Period{Day, day}
	}
	if next := Month.Around(week.Last()); next.First > day && next.Last() <= last {
		return Period{Day, day}
	}
	return week
}
