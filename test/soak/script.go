package soak

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/event"
	"muster/test/oracle"
)

// Script writes a case for rules/testdata, with the changes that the oracle
// expects at its end. A script is neither stored nor sampled, nor is the
// oracle asked around; what fails only so is marked.
func Script(c *Case) (string, error) {
	log, err := c.log()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if c.Stored || c.Sampled || c.Around {
		fmt.Fprintf(&b, "# Fails only with Stored %t, Sampled %t, Around %t.\n", c.Stored, c.Sampled, c.Around)
	}
	for _, u := range c.Rules {
		fmt.Fprintf(&b, "rule %s: %s\n", u.ID, strings.ReplaceAll(u.Text, "\n", "\n  "))
	}
	var changes []oracle.Change
	for _, st := range c.Steps {
		changes = append(changes, foretell(log, st)...)
		if st.Event == nil {
			fmt.Fprintf(&b, "advance %s\n", instant(st.Until))
		} else {
			fmt.Fprintf(&b, "event %s\n", Record(st.Event))
		}
	}
	b.WriteString("changes\n")
	for _, change := range changes {
		verb := "leaves"
		if change.Entered {
			verb = "enters"
		}
		fmt.Fprintf(&b, "  %s %s %s %s (%s, version %d)\n", instant(change.At), change.Profile, verb, change.Segment, change.Cause, change.Version)
	}
	return b.String(), nil
}

func instant(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

var types = map[event.Type]string{
	event.Track: "track", event.Page: "page", event.Screen: "screen",
	event.Identify: "identify", event.Group: "group", event.Alias: "alias",
}

// Record spells an event as a record of the Segment spec, from which it is
// decoded again.
func Record(e *event.Event) string {
	fields := []string{field("type", types[e.Type]), field("userId", e.Profile)}
	if e.Type == event.Track {
		fields = append(fields, field("event", e.Name))
	}
	if e.Type == event.Group {
		fields = append(fields, field("groupId", e.GroupID))
	}
	if e.MessageID != "" {
		fields = append(fields, field("messageId", e.MessageID))
	}
	fields = append(fields, field("timestamp", instant(e.Time)), field("receivedAt", instant(e.Arrival)))
	if !e.Body.IsMissing() {
		key := "traits"
		if e.IsBehaviour() {
			key = "properties"
		}
		fields = append(fields, quote(key)+": "+spell(e.Body))
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

func field(key, text string) string { return quote(key) + ": " + quote(text) }

// spell writes a value as JSON, fields in their order.
func spell(v event.Value) string {
	var parts []string
	switch v.Kind() {
	case event.KindBool:
		return strconv.FormatBool(v.True())
	case event.KindNumber:
		return strconv.FormatFloat(v.Number(), 'f', -1, 64)
	case event.KindString:
		return quote(v.Text())
	case event.KindArray:
		for _, element := range v.Elements() {
			parts = append(parts, spell(element))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case event.KindObject:
		for i := range v.Len() {
			key, value := v.Field(i)
			parts = append(parts, quote(key)+": "+spell(value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return "null"
}

// quote writes a JSON string. Marshalling a string can't fail.
func quote(text string) string {
	spelled, _ := json.Marshal(text)
	return string(spelled)
}
