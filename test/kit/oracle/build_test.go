package oracle

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"muster/event"
)

// noon is the instant around which the tests happen.
const noon = "2026-11-20T12:00:00Z"

// ms reads an RFC 3339 time.
func ms(text string) int64 {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return at.UnixMilli()
}

// before is an instant so long before noon.
func before(duration string) int64 {
	back, err := parseDuration(duration)
	if err != nil {
		panic(err)
	}
	return ms(noon) - back
}

// body reads JSON, keeping the order of fields.
func body(source string) event.Value {
	d := json.NewDecoder(strings.NewReader(source))
	return next(d)
}

func next(d *json.Decoder) event.Value {
	token, err := d.Token()
	if err != nil {
		panic(err)
	}
	switch v := token.(type) {
	case bool:
		return event.BoolOf(v)
	case float64:
		return event.NumberOf(v)
	case string:
		return event.StringOf(v)
	case json.Delim:
		var list []event.Value
		for d.More() {
			list = append(list, next(d))
		}
		if _, err := d.Token(); err != nil {
			panic(err)
		}
		if v == '[' {
			return event.ArrayOf(list)
		}
		return event.ObjectOf(list)
	}
	return event.Value{}
}

// at makes an event of profile p that arrives when it happens.
func at(t int64, kind event.Type, name, properties string) event.Event {
	return event.Event{Type: kind, Profile: "p", Name: name, Time: t, Arrival: t, Body: body(properties)}
}

func track(t int64, name, properties string) event.Event { return at(t, event.Track, name, properties) }

func identify(t int64, traits string) event.Event { return at(t, event.Identify, "", traits) }

func group(t int64, id string) event.Event {
	e := at(t, event.Group, "", `{"plan":"of the group"}`)
	e.GroupID = id
	return e
}

// late makes an event arrive later than it happens.
func late(e event.Event, arrival int64) event.Event {
	e.Arrival = arrival
	return e
}

func marked(e event.Event, messageID string) event.Event {
	e.MessageID = messageID
	return e
}

func of(e event.Event, profile string) event.Event {
	e.Profile = profile
	return e
}

// told returns an oracle for one rule that has been told a history and
// stands at noon.
func told(t *testing.T, rule string, history []event.Event) *Oracle {
	t.Helper()
	o, err := New(map[string]string{"s": rule})
	if err != nil {
		t.Fatalf("%s: %v", rule, err)
	}
	for i := range history {
		o.Apply(&history[i])
	}
	o.Advance(ms(noon))
	return o
}

// law is one law of meaning: a history and what is true and false of it.
type law struct {
	name    string
	history []event.Event
	yes     []string
	no      []string
}

func check(t *testing.T, laws []law) {
	t.Helper()
	for _, l := range laws {
		t.Run(l.name, func(t *testing.T) {
			for _, rule := range l.yes {
				if !told(t, rule, l.history).In("s", "p") {
					t.Errorf("want true: %s", rule)
				}
			}
			for _, rule := range l.no {
				if told(t, rule, l.history).In("s", "p") {
					t.Errorf("want false: %s", rule)
				}
			}
		})
	}
}
