package generate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/event"
)

var calls = map[event.Type]string{
	event.Track: "track", event.Page: "page", event.Screen: "screen",
	event.Identify: "identify", event.Group: "group", event.Alias: "alias",
}

// Record writes an event as the call of the Segment spec that decodes to it,
// for people to read too, with more fields that the spec does not know.
func Record(e *event.Event, more map[string]any) []byte {
	fields := []string{field("type", calls[e.Type]), field("userId", e.Profile)}
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
	if e.Channel != "" {
		fields = append(fields, field("channel", e.Channel))
	}
	if !e.Context.IsMissing() {
		fields = append(fields, encoded("context")+": "+spell(e.Context))
	}
	for _, key := range slices.Sorted(maps.Keys(more)) {
		fields = append(fields, field(key, more[key]))
	}
	if !e.Body.IsMissing() {
		key := "traits"
		if e.IsBehaviour() {
			key = "properties"
		}
		fields = append(fields, encoded(key)+": "+spell(e.Body))
	}
	return []byte("{" + strings.Join(fields, ", ") + "}")
}

func instant(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

func field(key string, v any) string { return encoded(key) + ": " + encoded(v) }

// spell writes a value as JSON, fields in their order.
func spell(v event.Value) string {
	var parts []string
	switch v.Kind() {
	case event.KindBool:
		return strconv.FormatBool(v.True())
	case event.KindNumber:
		return strconv.FormatFloat(v.Number(), 'f', -1, 64)
	case event.KindString:
		return encoded(v.Text())
	case event.KindArray:
		for _, element := range v.Elements() {
			parts = append(parts, spell(element))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case event.KindObject:
		for i := range v.Len() {
			key, value := v.Field(i)
			parts = append(parts, encoded(key)+": "+spell(value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return "null"
}

// encoded writes what encoding/json can, as every text.
func encoded(v any) string {
	spelled, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("%v can't be JSON: %v", v, err))
	}
	return string(spelled)
}
