package metamorphic

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/event"
	"muster/pipeline"
	"muster/test/kit/ruleset"
)

// edge is rules, events in order of arrival, and every change that must
// follow until the end. Times are spelled as in 2026-11-01T10:00:00Z.
type edge struct {
	name   string
	rules  map[string]string
	events []event.Event
	end    string
	want   []string
}

var edges = []edge{
	{
		name: "event on the edge of a window",
		rules: map[string]string{
			"month":  `count(events("A", "30d")) > 0`,
			"before": `count(events("A", "30d", "7d")) > 0`,
			"since":  `count(events("A", since("2026-11-01T10:00:00Z"))) > 0`,
		},
		events: []event.Event{
			track("young", "2026-11-01T10:00:00.001Z", "2026-12-01T10:00:00Z"),
			track("edge", "2026-11-01T10:00:00Z", "2026-12-01T10:00:00Z"),
			track("old", "2026-11-01T09:59:59.999Z", "2026-12-01T10:00:00Z"),
			track("seven", "2026-11-24T10:00:00Z", "2026-12-01T10:00:00Z"),
			track("six", "2026-11-24T10:00:00.001Z", "2026-12-01T10:00:00Z"),
		},
		end: "2027-01-01T00:00:00Z",
		want: []string{
			"2026-12-01T10:00:00.000Z young enters before by event",
			"2026-12-01T10:00:00.000Z young enters month by event",
			"2026-12-01T10:00:00.000Z young enters since by event",
			"2026-12-01T10:00:00.000Z edge enters since by event",
			"2026-12-01T10:00:00.000Z seven enters before by event",
			"2026-12-01T10:00:00.000Z seven enters month by event",
			"2026-12-01T10:00:00.000Z seven enters since by event",
			"2026-12-01T10:00:00.000Z six enters month by event",
			"2026-12-01T10:00:00.000Z six enters since by event",
			"2026-12-01T10:00:00.001Z six enters before by time",
			"2026-12-01T10:00:00.001Z young leaves before by time",
			"2026-12-01T10:00:00.001Z young leaves month by time",
			"2026-12-24T10:00:00.000Z seven leaves before by time",
			"2026-12-24T10:00:00.000Z seven leaves month by time",
			"2026-12-24T10:00:00.001Z six leaves before by time",
			"2026-12-24T10:00:00.001Z six leaves month by time",
		},
	},
	{
		name: "two events in one millisecond",
		rules: map[string]string{
			"two":   `count(events("A", "1h")) == 2`,
			"first": `first(events("A")).n == 1`,
			"last":  `last(events("A")).n == 2`,
			"sum":   `sum(events("A", "1h"), .n) == 3`,
		},
		events: []event.Event{
			numbered("b", "2026-11-01T10:00:00Z", 1),
			numbered("a", "2026-11-01T10:00:00Z", 1),
			numbered("b", "2026-11-01T10:00:00Z", 2),
			numbered("a", "2026-11-01T10:00:00Z", 2),
		},
		end: "2026-11-02T00:00:00Z",
		want: []string{
			"2026-11-01T10:00:00.000Z b enters first by event",
			"2026-11-01T10:00:00.000Z a enters first by event",
			"2026-11-01T10:00:00.000Z b enters last by event",
			"2026-11-01T10:00:00.000Z b enters sum by event",
			"2026-11-01T10:00:00.000Z b enters two by event",
			"2026-11-01T10:00:00.000Z a enters last by event",
			"2026-11-01T10:00:00.000Z a enters sum by event",
			"2026-11-01T10:00:00.000Z a enters two by event",
			"2026-11-01T11:00:00.000Z a leaves sum by time",
			"2026-11-01T11:00:00.000Z a leaves two by time",
			"2026-11-01T11:00:00.000Z b leaves sum by time",
			"2026-11-01T11:00:00.000Z b leaves two by time",
		},
	},
	{
		name: "windows of a second and of ten years",
		rules: map[string]string{
			"second":   `count(events("A", "1s")) > 0`,
			"tenyears": `count(events("A", "520w")) > 0`,
			"silent":   `last(events("A")).event_time <= ago("520w")`,
		},
		events: []event.Event{
			track("u", "2026-11-01T10:00:00Z", ""),
			track("late", "2016-11-15T00:00:00Z", "2026-11-01T10:00:00.500Z"),
		},
		end: "2040-01-01T00:00:00Z",
		want: []string{
			"2026-11-01T10:00:00.000Z u enters second by event",
			"2026-11-01T10:00:00.000Z u enters tenyears by event",
			"2026-11-01T10:00:00.500Z late enters tenyears by event",
			"2026-11-01T10:00:01.000Z u leaves second by time",
			"2026-11-03T00:00:00.000Z late enters silent by time",
			"2026-11-03T00:00:00.000Z late leaves tenyears by time",
			"2036-10-19T10:00:00.000Z u enters silent by time",
			"2036-10-19T10:00:00.000Z u leaves tenyears by time",
		},
	},
	{
		name: "leap day",
		rules: map[string]string{
			"day":      `count(events("A", "1d")) > 0`,
			"year":     `count(events("A", "365d")) > 0`,
			"twodays":  `len(uniq(map(events("A", "36h"), .event_day))) == 2`,
			"leap":     `last(events("A")).event_day == "2028-02-29"`,
			"due":      `traits.due <= now()`,
			"promised": `traits.due == date("2028-02-29")`,
		},
		events: []event.Event{
			due("none", "2028-02-20T00:00:00Z", "2027-02-29"),
			due("set", "2028-02-20T00:00:00Z", "2028-02-29"),
			track("u", "2028-02-28T18:00:00Z", ""),
			track("u", "2028-02-29T12:00:00Z", ""),
		},
		end: "2029-03-01T00:00:00Z",
		want: []string{
			"2028-02-20T00:00:00.000Z set enters promised by event",
			"2028-02-28T18:00:00.000Z u enters day by event",
			"2028-02-28T18:00:00.000Z u enters year by event",
			"2028-02-29T00:00:00.000Z set enters due by time",
			"2028-02-29T12:00:00.000Z u enters leap by event",
			"2028-02-29T12:00:00.000Z u enters twodays by event",
			"2028-03-01T06:00:00.000Z u leaves twodays by time",
			"2028-03-01T12:00:00.000Z u leaves day by time",
			"2029-02-28T12:00:00.000Z u leaves year by time",
		},
	},
	{
		name: "arrival times that go backwards",
		rules: map[string]string{
			"active": `count(events("A", "1h")) > 0`,
			"quiet":  `count(events("A", "1h")) == 0`,
		},
		events: []event.Event{
			track("a", "2026-11-01T10:00:00Z", ""),
			track("b", "2026-11-01T12:00:00Z", ""),
			track("c", "2026-11-01T11:30:00Z", ""), // the clock stays at 12:00
			track("d", "2026-11-01T10:30:00Z", ""),
			track("a", "2026-11-01T11:00:00.001Z", ""),
			track("b", "2026-11-01T12:15:00Z", ""),
		},
		end: "2026-11-01T13:14:59.999Z",
		want: []string{
			"2026-11-01T10:00:00.000Z a enters active by event",
			"2026-11-01T11:00:00.000Z a leaves active by time",
			"2026-11-01T11:00:00.000Z a enters quiet by time",
			"2026-11-01T12:00:00.000Z b enters active by event",
			"2026-11-01T12:00:00.000Z c enters active by event",
			"2026-11-01T12:00:00.000Z d enters quiet by event",
			"2026-11-01T12:00:00.000Z a enters active by event",
			"2026-11-01T12:00:00.000Z a leaves quiet by event",
			"2026-11-01T12:00:00.001Z a leaves active by time",
			"2026-11-01T12:00:00.001Z a enters quiet by time",
			"2026-11-01T12:30:00.000Z c leaves active by time",
			"2026-11-01T12:30:00.000Z c enters quiet by time",
		},
	},
}

func TestEdgesOfTime(t *testing.T) {
	for _, e := range edges {
		t.Run(e.name, func(t *testing.T) {
			r := newReplica(t, ruleset.Compile(t, e.rules))
			for i := range e.events {
				r.apply(&e.events[i])
			}
			r.advance(at(e.end))
			mustRead(t, r.changes, e.want)
		})
	}
}

// mustRead compares a change log with how it is told.
func mustRead(t *testing.T, changes []pipeline.Change, want []string) {
	t.Helper()
	got := make([]string, len(changes))
	for i, c := range changes {
		verb := "leaves"
		if c.Entered {
			verb = "enters"
		}
		got[i] = fmt.Sprintf("%s %s %s %s by %s", time.UnixMilli(c.At).UTC().Format("2006-01-02T15:04:05.000Z"), c.Profile, verb, c.Segment, c.Cause)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func at(text string) int64 {
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return parsed.UnixMilli()
}

// track is an event A that happened at one time and arrived at another, ""
// for the same.
func track(profile, happened, arrived string) event.Event {
	if arrived == "" {
		arrived = happened
	}
	return event.Event{Type: event.Track, Name: "A", Profile: profile, Time: at(happened), Arrival: at(arrived)}
}

func numbered(profile, happened string, n float64) event.Event {
	ev := track(profile, happened, "")
	ev.Body = event.ObjectOf([]event.Value{event.StringOf("n"), event.NumberOf(n)})
	return ev
}

func due(profile, happened, date string) event.Event {
	ev := track(profile, happened, "")
	ev.Type, ev.Name = event.Identify, ""
	ev.Body = event.ObjectOf([]event.Value{event.StringOf("due"), event.StringOf(date)})
	return ev
}
