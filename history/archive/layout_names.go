package archive

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// below returns the last parts of a key: those that follow a folder, or all
// of them where the archive's location is that folder. It returns nil when they
// are not as many as wanted.
func below(key, folder string, wanted int) []string {
	parts := strings.Split(key, "/")
	if len(parts) == wanted {
		return parts
	}
	if at := len(parts) - wanted - 1; at >= 0 && parts[at] == folder {
		return parts[at+1:]
	}
	return nil
}

// readSegment reads segment-logs/{source}/{day in ms}/{name}.gz.
func readSegment(key string, c *Choice) bool {
	parts := below(key, "segment-logs", 3)
	if parts == nil || len(parts[1]) != len("1453420800000") {
		return false
	}
	ms, err := strconv.ParseUint(parts[1], 10, 63)
	if err != nil {
		return false
	}
	c.Day = time.UnixMilli(int64(ms)).UTC().Truncate(24 * time.Hour)
	return true
}

// readRudderStack reads rudder-logs/{source}/{MM-DD-YYYY}/{name}.json.gz, and
// the dates that its settings can ask for instead.
func readRudderStack(key string, c *Choice) bool {
	parts := below(key, "rudder-logs", 3)
	if parts == nil {
		return false
	}
	for _, form := range []string{"01-02-2006", time.DateOnly} {
		if day, err := time.Parse(form, parts[1]); err == nil {
			c.Day = day
			return true
		}
	}
	return false
}

// confluentName is {topic}+{partition}+{offset} and endings.
var confluentName = regexp.MustCompile(`^[^+]+\+(\d{1,10})\+(\d{1,19})(\..*)?$`)

// readConfluent reads topics/{topic}/{what the partitioner makes}/{name}. The
// keys and headers of records, which the connector can write to objects of
// their own, are left out.
func readConfluent(key string, c *Choice) bool {
	found := confluentName.FindStringSubmatch(path.Base(key))
	if found == nil || strings.HasPrefix(found[3], ".keys.") || strings.HasPrefix(found[3], ".headers.") {
		return false
	}
	partition, err1 := strconv.ParseInt(found[1], 10, 32)
	offset, err2 := strconv.ParseInt(found[2], 10, 64)
	if err1 != nil || err2 != nil {
		return false
	}
	c.Partition, c.Offset = int32(partition), offset
	c.Day = dayOfFolders(strings.Split(path.Dir(key), "/"))
	return true
}

// dated is a part of a path that is a date by itself, as dt=2024-03-01.
var dated = regexp.MustCompile(`^(?:[A-Za-z_]+=)?(\d{4})-(\d{2})-(\d{2})$`)

// datePiece is a part of a path that is a piece of a date, as day=01.
var datePiece = regexp.MustCompile(`^(?:(year|month|day)=)?(\d{2}|\d{4})$`)

// dayOfFolders returns the day that folders name: by one of them, or by three
// in a row for year, month and day. The zero time when they name none.
func dayOfFolders(folders []string) time.Time {
	for i, folder := range folders {
		if found := dated.FindStringSubmatch(folder); found != nil {
			if day, ok := dayOf(found[1], found[2], found[3]); ok {
				return day
			}
		}
		if i+3 > len(folders) {
			continue
		}
		var pieces []string
		for j, name := range []string{"year", "month", "day"} {
			found := datePiece.FindStringSubmatch(folders[i+j])
			if found != nil && (found[1] == name || found[1] == "") {
				pieces = append(pieces, found[2])
			}
		}
		if len(pieces) == 3 && len(pieces[0]) == 4 {
			if day, ok := dayOf(pieces[0], pieces[1], pieces[2]); ok {
				return day
			}
		}
	}
	return time.Time{}
}

// firehoseName is {stream}-{version}-{time}-{uuid} and endings.
var firehoseName = regexp.MustCompile(`^.+-\d+-(\d{4}-\d{2}-\d{2}-\d{2}-\d{2}-\d{2})-[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(\..*)?$`)

// readFirehose reads {prefix}/{yyyy}/{mm}/{dd}/{hh}/{name}, with any prefix in
// place of the date. What Firehose writes of its own failures is left out.
func readFirehose(key string, c *Choice) bool {
	found := firehoseName.FindStringSubmatch(path.Base(key))
	if found == nil || slices.ContainsFunc(strings.Split(path.Dir(key), "/"), isFailed) {
		return false
	}
	at, err := time.Parse("2006-01-02-15-04-05", found[1])
	if err != nil {
		return false
	}
	c.Day, c.Arrival = at.Truncate(24*time.Hour), at.UnixMilli()
	return true
}

// isFailed reports whether a folder is one that Firehose puts errors into.
func isFailed(folder string) bool { return strings.HasSuffix(folder, "-failed") }
