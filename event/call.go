package event

import "github.com/valyala/fastjson"

// call holds the fields of one Segment call that matter here. A field that
// is absent or null is nil; of a repeated field the last one counts.
type call struct {
	kind, event                          *fastjson.Value
	userID, anonymousID, previousID      *fastjson.Value
	messageID, groupID                   *fastjson.Value
	properties, traits, context          *fastjson.Value
	name, category, channel              *fastjson.Value
	timestamp, originalTimestamp         *fastjson.Value
	receivedAt, sentAt                   *fastjson.Value
	shared                               *fastjson.Value // the context of the batch
	batch                                *fastjson.Value
	batchField                           int  // position of batch among all fields
	inheritedReceivedAt, inheritedSentAt bool // whether the batch's envelope gave them
}

func (c *call) read(o *fastjson.Object) {
	*c = call{}
	position := 0
	o.Visit(func(key []byte, v *fastjson.Value) {
		if v.Type() == fastjson.TypeNull {
			v = nil
		}
		c.set(key, v, position)
		position++
	})
}

func (c *call) set(key []byte, v *fastjson.Value, position int) {
	switch string(key) {
	case "type":
		c.kind = v
	case "event":
		c.event = v
	case "userId":
		c.userID = v
	case "anonymousId":
		c.anonymousID = v
	case "previousId":
		c.previousID = v
	case "messageId":
		c.messageID = v
	case "groupId":
		c.groupID = v
	case "properties":
		c.properties = v
	case "traits":
		c.traits = v
	case "context":
		c.context = v
	case "name":
		c.name = v
	case "category":
		c.category = v
	case "channel":
		c.channel = v
	case "timestamp":
		c.timestamp = v
	case "originalTimestamp":
		c.originalTimestamp = v
	case "receivedAt":
		c.receivedAt = v
	case "sentAt":
		c.sentAt = v
	case "batch":
		c.batch, c.batchField = v, position
	}
}

// envelope is what a batch says about its items.
type envelope struct {
	receivedAt, sentAt, context *fastjson.Value
}

func (c *call) envelope() envelope {
	e := envelope{receivedAt: c.receivedAt, sentAt: c.sentAt}
	if o := objectIn(c.context); o != nil && o.Len() > 0 && o.Len() <= sharedFields {
		e.context = c.context
	}
	return e
}

// inherit takes over what the envelope of a batch says about its items.
func (c *call) inherit(e envelope) {
	receivedAt, sentAt := e.receivedAt, e.sentAt
	c.shared = e.context
	if c.receivedAt == nil {
		c.receivedAt, c.inheritedReceivedAt = receivedAt, receivedAt != nil
	}
	if c.sentAt == nil {
		c.sentAt, c.inheritedSentAt = sentAt, sentAt != nil
	}
}

// callType returns the call that a type names.
func callType(v *fastjson.Value) (Type, error) {
	const known = "identify, track, page, screen, group, alias"
	if v == nil {
		return 0, reject("type", "absent; it must be one of %s", known)
	}
	switch string(v.GetStringBytes()) {
	case "identify":
		return Identify, nil
	case "track":
		return Track, nil
	case "page":
		return Page, nil
	case "screen":
		return Screen, nil
	case "group":
		return Group, nil
	case "alias":
		return Alias, nil
	}
	return 0, reject("type", "%s is not one of %s", show(v), known)
}
