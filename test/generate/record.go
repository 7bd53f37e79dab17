package generate

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"muster/event"
)

var calls = map[event.Type]string{
	event.Track: "track", event.Page: "page", event.Screen: "screen",
	event.Identify: "identify", event.Group: "group", event.Alias: "alias",
}

// Record writes an event as the call of the Segment spec that decodes to it,
// with more fields that the spec does not know.
func Record(e *event.Event, more map[string]any) []byte {
	call := map[string]any{
		"type": calls[e.Type], "userId": e.Profile, "timestamp": instant(e.Time), "receivedAt": instant(e.Arrival),
	}
	maps.Copy(call, more)
	if e.MessageID != "" {
		call["messageId"] = e.MessageID
	}
	body := "properties"
	switch e.Type {
	case event.Track:
		call["event"] = e.Name
	case event.Group:
		call["groupId"], body = e.GroupID, "traits"
	case event.Identify:
		body = "traits"
	}
	if !e.Body.IsMissing() {
		call[body] = plain(e.Body)
	}
	text, err := json.Marshal(call)
	if err != nil {
		panic(fmt.Sprintf("an event of %s can't be JSON: %v", e.Profile, err))
	}
	return text
}

func instant(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

// plain turns a value into what encoding/json writes.
func plain(v event.Value) any {
	switch v.Kind() {
	case event.KindBool:
		return v.True()
	case event.KindNumber:
		return v.Number()
	case event.KindString:
		return v.Text()
	case event.KindArray:
		list := []any{}
		for _, element := range v.Elements() {
			list = append(list, plain(element))
		}
		return list
	case event.KindObject:
		fields := map[string]any{}
		for i := range v.Len() {
			name, value := v.Field(i)
			fields[name] = plain(value)
		}
		return fields
	}
	return nil
}
