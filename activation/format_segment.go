package activation

import (
	"encoding/json"
	"strconv"
	"strings"
)

// The bodies of Segment's HTTP tracking API, which other systems take too. A
// call of its own is for /v1/track and /v1/identify, a batch for /v1/batch.
// Segment takes 32 KB for a call and 500 KB for a batch of at most 2,500; a
// batch of MaxBatch with ids of 100 bytes stays below it.
//
// The messageId is that of the change and not of the message: Segment drops
// what it has seen, however the changes were batched. A source that gets both
// formats keeps both calls.

// encodeTrack writes "Audience Entered" and "Audience Exited".
func encodeTrack(to []byte, changes []Change, batch bool) []byte {
	return appendCalls(to, changes, batch, appendTrack)
}

// encodeIdentify writes a trait for each audience, called like the segment and
// true while the profile is in it. Nothing in it tells the older of two
// changes, so it relies on their order.
func encodeIdentify(to []byte, changes []Change, batch bool) []byte {
	return appendCalls(to, changes, batch, appendIdentify)
}

func appendCalls(to []byte, changes []Change, batch bool, one func([]byte, *Change) []byte) []byte {
	if !batch {
		return one(to, &changes[0])
	}
	to = append(to, `{"batch":[`...)
	for i := range changes {
		if i > 0 {
			to = append(to, ',')
		}
		to = one(to, &changes[i])
	}
	return append(to, `]}`...)
}

// The type of a call.
const (
	track    = "track"
	identify = "identify"
)

func appendTrack(to []byte, change *Change) []byte {
	event := "Audience Exited"
	if change.Entered {
		event = "Audience Entered"
	}
	to = appendField(append(to, `{"type":"`+track+`"`...), "userId", change.Profile)
	to = appendField(to, "event", event)
	to = appendText(append(to, `,"properties":{"audience":`...), change.Segment)
	to = appendField(appendVersion(to, change.Version), "cause", change.Cause)
	to = append(to, '}')
	if change.Traits != "" {
		to = append(append(append(to, `,"context":{"traits":`...), change.Traits...), '}')
	}
	return appendStamp(to, track, change)
}

func appendIdentify(to []byte, change *Change) []byte {
	to = appendField(append(to, `{"type":"`+identify+`"`...), "userId", change.Profile)
	to = appendText(append(to, `,"traits":{`...), change.Segment)
	to = strconv.AppendBool(append(to, ':'), change.Entered)
	if others := otherTraits(change); others != "" {
		to = append(append(to, ','), others...)
	}
	return appendStamp(append(to, '}'), identify, change)
}

// otherTraits returns the traits of a change without the braces around them, and
// without one that is called like the segment, whose place is taken.
func otherTraits(change *Change) string {
	object := change.Traits
	if object == "" {
		return ""
	}
	if strings.Contains(object, string(appendText(nil, change.Segment))) {
		var traits map[string]json.RawMessage
		if json.Unmarshal([]byte(object), &traits) == nil {
			delete(traits, change.Segment)
			if text, err := json.Marshal(traits); err == nil {
				object = string(text)
			}
		}
	}
	return object[1 : len(object)-1]
}

// appendStamp ends a call.
func appendStamp(to []byte, call string, change *Change) []byte {
	to = appendTime(appendKey(to, "timestamp"), change.At)
	return append(appendField(to, "messageId", changeID(call, change)), '}')
}
