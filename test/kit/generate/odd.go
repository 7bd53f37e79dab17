package generate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"muster/event"
)

// Odd writes an event as Record does, but as clients do that are not careful:
// with other spellings of its times, junk in the place of ids that it does
// not need, and what it says in other places. It decodes to the same event.
func Odd(r *rand.Rand, e *event.Event) []byte {
	fields := []string{
		field("type", calls[e.Type]), field("event", e.Name),
		`"timestamp": ` + oddTime(r, e.Time), `"receivedAt": ` + oddTime(r, e.Arrival), `"sentAt": ` + junk(r),
	}
	if e.Type == event.Group {
		fields = append(fields, field("groupId", e.GroupID))
	} else {
		fields = append(fields, `"groupId": `+junk(r))
	}
	id, other := "userId", "anonymousId"
	if chance(r, 50) {
		id, other = other, id
	}
	fields = append(fields, field(id, e.Profile), encoded(other)+": "+junk(r))
	if e.MessageID != "" {
		fields = append(fields, field("messageId", e.MessageID))
	} else {
		fields = append(fields, `"messageId": `+junk(r))
	}
	if e.Channel != "" {
		fields = append(fields, field("channel", e.Channel))
	} else {
		fields = append(fields, `"channel": `+pick(r, []string{"null", "1", `""`, "[]"}))
	}
	fields = append(fields, oddBody(r, e)...)
	r.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	return []byte("{" + strings.Join(fields, ", ") + "}")
}

// junk is what counts as no id at all.
func junk(r *rand.Rand) string {
	return pick(r, []string{
		`null`, `""`, `"undefined"`, `"null"`, `" NaN"`, `"[object Object]"`, `"None"`, `0`, `"0"`, `{}`, `[]`, `false`, `1.5`, `{"id": 5}`,
		`"00000000-0000-0000-0000-000000000000"`,
	})
}

// oddTime spells an instant to its millisecond.
func oddTime(r *rand.Rand, ms int64) string {
	t := time.UnixMilli(ms).UTC()
	switch r.IntN(6) {
	case 0:
		return encoded(t.Format("2006-01-02 15:04:05.000"))
	case 1:
		return encoded(t.In(time.FixedZone("", -90*60)).Format("2006-01-02t15:04:05,000000000-0700"))
	case 2:
		return encoded(t.In(time.FixedZone("", 3*60*60)).Format("2006-01-02T15:04:05.000") + "999+03")
	case 3:
		if ms >= 1e11 {
			return fmt.Sprint(ms)
		}
	case 4:
		return fmt.Sprintf("%d.%03d", ms/1000, ms%1000)
	}
	return encoded(instant(ms))
}

// oddBody puts an event's body and context where clients also put them.
func oddBody(r *rand.Rand, e *event.Event) []string {
	empty := pick(r, []string{"[]", "{}"})
	context := `"context": ` + within(e, "")
	if e.Context.IsMissing() {
		context = `"context": ` + pick(r, []string{"[]", "{}", "null", `"web"`})
	}
	object := func(pairs []string) string { return "{" + strings.Join(pairs, ", ") + "}" }
	var pairs []string
	for i := range e.Body.Len() {
		key, value := e.Body.Field(i)
		pairs = append(pairs, encoded(key)+": "+spell(value))
	}
	last := len(pairs) - 1
	switch {
	case e.Body.IsMissing():
		return []string{`"traits": null`, `"properties": null`, context}
	case last < 0 && e.IsBehaviour():
		return []string{`"properties": ` + empty, context}
	case last < 0:
		return []string{`"traits": ` + empty, context}
	case e.Type == event.Identify:
		at := r.IntN(len(pairs) + 1)
		return []string{`"traits": ` + object(pairs[:at]), `"context": ` + within(e, object(pairs[min(at, r.IntN(len(pairs)+1)):]))}
	case e.Type == event.Group:
		return []string{`"traits": ` + object(pairs), `"context": ` + within(e, `{"plan": "x"}`)}
	case e.Type == event.Track:
		return []string{`"properties": ` + object(pairs), `"name": "x"`, context}
	}
	if key, value := e.Body.Field(last); key == "name" && !value.IsMissing() {
		return []string{`"properties": ` + object(pairs[:last]), pairs[last], context}
	}
	return []string{`"properties": ` + object(pairs), `"category": null`, context}
}
