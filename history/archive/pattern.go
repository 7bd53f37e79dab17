package archive

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// longestPattern bounds Config.Match, in bytes.
const longestPattern = 1024

// pattern is a compiled glob over the keys of an archive.
type pattern struct {
	form  *regexp.Regexp
	dates [4]int // groups of year, month, day and hour; 0 for none
}

// dateParts are what may stand for the digits of a date, in the order of
// pattern.dates.
var dateParts = []struct{ name, digits string }{
	{"{yyyy}", `(\d{4})`}, {"{mm}", `(\d{2})`}, {"{dd}", `(\d{2})`}, {"{hh}", `(\d{2})`},
}

// compilePattern translates a glob to a regular expression, which takes time
// linear in the key.
func compilePattern(glob string) (*pattern, error) {
	if glob == "" || len(glob) > longestPattern {
		return nil, fmt.Errorf("a pattern has 1 to %d bytes; ** fits all keys", longestPattern)
	}
	p := &pattern{}
	var form strings.Builder
	groups := 0
	for rest := glob; rest != ""; {
		piece, taken, err := p.piece(rest, rest == glob || glob[len(glob)-len(rest)-1] == '/', &groups)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", glob, err)
		}
		form.WriteString(piece)
		rest = rest[taken:]
	}
	if err := p.checkDates(); err != nil {
		return nil, fmt.Errorf("%q: %w", glob, err)
	}
	var err error
	if p.form, err = regexp.Compile(`(?s)\A` + form.String() + `\z`); err != nil {
		return nil, fmt.Errorf("%q is no pattern: %w", glob, err)
	}
	return p, nil
}

// piece translates the beginning of a glob and returns how much it took.
// first says that it is the beginning of a part of the path.
func (p *pattern) piece(glob string, first bool, groups *int) (form string, taken int, err error) {
	for i, d := range dateParts {
		if !strings.HasPrefix(glob, d.name) {
			continue
		}
		if p.dates[i] != 0 {
			return "", 0, fmt.Errorf("%s comes twice", d.name)
		}
		*groups++
		p.dates[i] = *groups
		return d.digits, len(d.name), nil
	}
	switch {
	case first && strings.HasPrefix(glob, "**/"):
		return `(?:.*/)?`, 3, nil
	case first && glob == "**":
		return `.*`, 2, nil
	case strings.HasPrefix(glob, "**"):
		return "", 0, errors.New("** must be a whole part of the path")
	case glob[0] == '*':
		return `[^/]*`, 1, nil
	case glob[0] == '?':
		return `[^/]`, 1, nil
	case glob[0] == '[':
		return class(glob)
	case glob[0] == '{':
		return "", 0, errors.New("{ must begin {yyyy}, {mm}, {dd} or {hh}")
	}
	return regexp.QuoteMeta(glob[:1]), 1, nil
}

// class translates [abc], [a-z] and [^a].
func class(glob string) (form string, taken int, err error) {
	end := strings.IndexByte(glob, ']')
	if end < 2 || strings.ContainsAny(glob[1:end], `[\/`) {
		return "", 0, errors.New(`[ needs characters other than [ \ and / and a ]`)
	}
	if glob[1] == '^' || glob[1] == '!' {
		return "[^/" + glob[2:end] + "]", end + 1, nil
	}
	return glob[:end+1], end + 1, nil
}

// checkDates wants a date as far as it is told to begin with its year.
func (p *pattern) checkDates() error {
	for i := 1; i < len(p.dates); i++ {
		if p.dates[i] != 0 && p.dates[i-1] == 0 {
			return fmt.Errorf("%s needs %s", dateParts[i].name, dateParts[i-1].name)
		}
	}
	return nil
}

// read is a Layout's. Names that begin with a dot or an underline are by
// convention no data.
func (p *pattern) read(key string, c *Choice) bool {
	if hidden(key) {
		return false
	}
	if p.dates[0] == 0 {
		return p.form.MatchString(key)
	}
	found := p.form.FindStringSubmatch(key)
	if found == nil {
		return false
	}
	if p.dates[2] == 0 {
		return true // no day
	}
	day, ok := dayOf(found[p.dates[0]], found[p.dates[1]], found[p.dates[2]])
	c.Day = day
	return ok
}

// dayOf returns the beginning of a day in UTC, or false if there is no such
// day.
func dayOf(year, month, day string) (time.Time, bool) {
	y, err1 := strconv.Atoi(year)
	m, err2 := strconv.Atoi(month)
	d, err3 := strconv.Atoi(day)
	if errors.Join(err1, err2, err3) != nil {
		return time.Time{}, false
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return t, t.Year() == y && int(t.Month()) == m && t.Day() == d
}
