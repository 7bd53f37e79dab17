package event

import (
	"time"

	"github.com/valyala/fastjson"
)

// absent stands for a time that a record does not have.
const absent int64 = -1

// longestTime is more than any RFC 3339 text needs.
const longestTime = 64

// readTime returns a field's time in milliseconds since 1970 UTC, or absent.
func readTime(field string, v *fastjson.Value) (int64, error) {
	if v == nil {
		return absent, nil
	}
	ms, ok := parseTime(v.GetStringBytes())
	if !ok {
		return 0, reject(field, "%s is not an RFC 3339 time, as 2026-11-21T10:00:00Z", show(v))
	}
	if ms < 0 {
		return 0, reject(field, "%s is before 1970", show(v))
	}
	return ms, nil
}

// parseTime reads RFC 3339, cut to milliseconds.
func parseTime(text []byte) (int64, bool) {
	if ms, ok := parseUTC(text); ok {
		return ms, true
	}
	if len(text) > longestTime {
		return 0, false
	}
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return 0, false
	}
	return t.UnixMilli(), true
}

// parseUTC reads the form that nearly all records use, from
// 1970-01-01T00:00:00Z on, with up to nine digits of fraction.
func parseUTC(b []byte) (int64, bool) {
	n := len(b)
	if n < 20 || n > 30 || b[n-1] != 'Z' || b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return 0, false
	}
	year, month, day := decimal(b[:4]), decimal(b[5:7]), decimal(b[8:10])
	hour, minute, second := decimal(b[11:13]), decimal(b[14:16]), decimal(b[17:19])
	if year < 1970 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return 0, false
	}
	ms, ok := fraction(b[19 : n-1])
	seconds := ((daysSince1970(year, month, day)*24+hour)*60+minute)*60 + second
	return seconds*1000 + ms, ok
}

// fraction returns the milliseconds of "" or ".5" or ".123456789".
func fraction(b []byte) (int64, bool) {
	if len(b) == 0 {
		return 0, true
	}
	if b[0] != '.' || len(b) == 1 || decimal(b[1:]) < 0 {
		return 0, false
	}
	digits := [3]byte{'0', '0', '0'}
	copy(digits[:], b[1:])
	return decimal(digits[:]), true
}

// decimal reads digits, or returns -1.
func decimal(b []byte) int64 {
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

func daysIn(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSince1970 counts from 1 March of the year 0, so that the leap day is
// the last of a year and a month's offset is a straight line.
func daysSince1970(year, month, day int64) int64 {
	if month <= 2 {
		year--
	}
	dayOfYear := (153*((month+9)%12)+2)/5 + day - 1
	return year*365 + year/4 - year/100 + year/400 + dayOfYear - 719468
}
