package event

import "math"

// The length of a date alone, and of the part of a clock without seconds.
const (
	dateLength  = len("2026-11-21")
	clockLength = len("10:00")
)

// numberBound tells seconds from milliseconds: a number nearer to zero counts
// seconds since 1970, up to the year 5138, and all others milliseconds, from
// March 1973 on. The times that clients send are far from both.
const numberBound = 1e11

// The first millisecond of the year 0 and the last of the year 9999, between
// which a number can be a time as a text can. Microseconds lie behind them.
const (
	firstMillis = -62_167_219_200_000
	lastMillis  = 253_402_300_799_999
)

// ParseTime reads a time in one of the forms of ISO 8601 that clients send, as
// milliseconds since 1970 UTC:
//
//	time = date [ ("T" | "t" | " ") clock [ zone ] ]
//	date = YYYY "-" MM "-" DD
//	clock = hh ":" mm [ ":" ss [ ("." | ",") digits ] ]
//	zone = "Z" | "z" | ("+" | "-") hh [ [ ":" ] mm ]
//
// A date alone is its midnight, a time without a zone is in UTC, fractions are
// cut to milliseconds, and the second 60 is the first of the next minute.
// Sources: RFC 3339, section 5.6 and its notes, and ISO 8601-1:2019 for the
// comma, the short zones and the missing seconds.
func ParseTime(text string) (ms int64, ok bool) {
	if len(text) < dateLength || text[4] != '-' || text[7] != '-' {
		return 0, false
	}
	year, month, day := decimal(text[:4]), decimal(text[5:7]), decimal(text[8:10])
	if year < 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	midnight := daysSince1970(year, month, day) * (24 * 60 * 60 * 1000)
	if len(text) == dateLength {
		return midnight, true
	}
	if c := text[dateLength]; c != 'T' && c != 't' && c != ' ' {
		return 0, false
	}
	clock, zone := parseClock(text[dateLength+1:])
	if clock < 0 {
		return 0, false
	}
	offset, ok := parseZone(zone)
	return midnight + clock - offset, ok
}

// NumberTime reads a number as a time: seconds since 1970 UTC where it is
// nearer to zero than 100,000,000,000, and milliseconds otherwise, rounded to
// milliseconds. Numbers of years before 0 and past 9999 are no times.
func NumberTime(f float64) (ms int64, ok bool) {
	if !(math.Abs(f) <= lastMillis) { // nor NaN
		return 0, false
	}
	whole, fraction := math.Modf(f)
	ms = int64(whole)
	if math.Abs(f) < numberBound {
		ms, fraction = ms*1000, fraction*1000
	}
	ms += int64(math.Floor(fraction + 0.5))
	return ms, ms >= firstMillis && ms <= lastMillis
}

// AsTime returns a value as a time, in milliseconds since 1970 UTC: it is one,
// or a text or a number that reads as one.
func (v Value) AsTime() (ms int64, ok bool) {
	switch v.kind {
	case KindTime:
		return v.Millis(), true
	case KindString:
		return ParseTime(v.str)
	case KindNumber:
		return NumberTime(v.num)
	}
	return 0, false
}

// parseClock reads the time of day that text begins with, in milliseconds, -1
// when there is none, and returns what stands behind it.
func parseClock(text string) (ms int64, rest string) {
	if len(text) < clockLength || text[2] != ':' {
		return -1, ""
	}
	hour, minute := decimal(text[:2]), decimal(text[3:5])
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return -1, ""
	}
	ms, rest = (hour*60+minute)*(60*1000), text[clockLength:]
	if rest == "" || rest[0] != ':' {
		return ms, rest
	}
	if len(rest) < len(":00") {
		return -1, ""
	}
	second := decimal(rest[1:3])
	if second < 0 || second > 60 {
		return -1, ""
	}
	part, rest := parseFraction(rest[3:])
	if part < 0 {
		return -1, ""
	}
	return ms + second*1000 + part, rest
}

// parseFraction reads the fraction of a second that text may begin with, in
// milliseconds, -1 when it has no digits.
func parseFraction(text string) (ms int64, rest string) {
	if text == "" || text[0] != '.' && text[0] != ',' {
		return 0, text
	}
	end := 1
	for unit := int64(100); end < len(text) && text[end] >= '0' && text[end] <= '9'; end++ {
		ms += int64(text[end]-'0') * unit
		unit /= 10
	}
	if end == 1 {
		return -1, ""
	}
	return ms, text[end:]
}

// parseZone reads what stands behind a clock, as milliseconds ahead of UTC.
func parseZone(text string) (offset int64, ok bool) {
	if text == "" || text == "Z" || text == "z" {
		return 0, true
	}
	sign := int64(1)
	switch text[0] {
	case '+':
	case '-':
		sign = -1
	default:
		return 0, false
	}
	hour, minute := int64(-1), int64(0)
	switch len(text) {
	case len("+01"):
		hour = decimal(text[1:])
	case len("+0100"):
		hour, minute = decimal(text[1:3]), decimal(text[3:])
	case len("+01:00"):
		if text[3] == ':' {
			hour, minute = decimal(text[1:3]), decimal(text[4:])
		}
	}
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return 0, false
	}
	return sign * (hour*60 + minute) * (60 * 1000), true
}

// decimal reads digits, or returns -1.
func decimal(text string) int64 {
	var n int64
	for i := range len(text) {
		c := text[i]
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

// daysSince1970 counts from 1 March of the year -400, so that the leap day is
// the last of a year, a month's offset is a straight line, and nothing that
// is divided is negative.
func daysSince1970(year, month, day int64) int64 {
	year += 400
	if month <= 2 {
		year--
	}
	dayOfYear := (153*((month+9)%12)+2)/5 + day - 1
	return year*365 + year/4 - year/100 + year/400 + dayOfYear - (719468 + 146097)
}
