package event

import "github.com/valyala/fastjson"

// event fills in the event that d.call makes.
func (d *Decoder) event(e *Event, at clock) error {
	c := &d.call
	var err error
	if e.Type, err = callType(c.kind); err != nil {
		return err
	}
	if err = d.identity(e, c); err != nil {
		return err
	}
	if err = d.subject(e, c); err != nil {
		return err
	}
	if err = d.times(e, at); err != nil {
		return err
	}
	switch e.Type {
	case Identify, Group:
		e.Body, err = d.body("traits", c.traits)
	case Track, Page, Screen:
		e.Body, err = d.body("properties", c.properties)
	}
	return err
}

// identity fills in the profile and the message id.
func (d *Decoder) identity(e *Event, c *call) error {
	user, err := d.id("userId", c.userID)
	if err != nil {
		return err
	}
	anonymous, err := d.id("anonymousId", c.anonymousID)
	if err != nil {
		return err
	}
	if e.Profile = user; user == "" {
		e.Profile = anonymous
	}
	if e.Profile == "" {
		return reject("userId", "absent, and so is anonymousId")
	}
	e.MessageID, err = d.id("messageId", c.messageID)
	return err
}

// subject fills in what the call is about: an event's name or a group.
func (d *Decoder) subject(e *Event, c *call) error {
	switch e.Type {
	case Page:
		e.Name = PageViewed
	case Screen:
		e.Name = ScreenViewed
	case Track:
		return d.name(e, c.event)
	case Group:
		var err error
		if e.GroupID, err = d.id("groupId", c.groupID); err != nil {
			return err
		}
		if e.GroupID == "" {
			return reject("groupId", "absent from a group call")
		}
	}
	return nil
}

func (d *Decoder) name(e *Event, v *fastjson.Value) error {
	if v == nil {
		return reject("event", "absent from a track call")
	}
	if v.Type() != fastjson.TypeString {
		return reject("event", "%s is not a string", show(v))
	}
	if e.Name = d.arena.string(v.GetStringBytes()); e.Name == "" {
		return reject("event", "empty")
	}
	return nil
}

// id returns an id's text, "" when it is absent. An integer counts as its
// decimal text, so that ids of any size stay exact.
func (d *Decoder) id(field string, v *fastjson.Value) (string, error) {
	if v == nil {
		return "", nil
	}
	var text []byte
	switch v.Type() {
	case fastjson.TypeString:
		text = v.GetStringBytes()
	case fastjson.TypeNumber:
		text = d.numberText(v)
	}
	if v.Type() != fastjson.TypeString && !isInteger(text) {
		return "", reject(field, "%s is neither a string nor an integer", show(v))
	}
	if len(text) > d.config.MaxID {
		return "", reject(field, "%d bytes, the limit is %d", len(text), d.config.MaxID)
	}
	return d.arena.string(text), nil
}

// numberText returns a number as the record spells it, valid until the next
// call. Marshalling is the only way fastjson gives it.
func (d *Decoder) numberText(v *fastjson.Value) []byte {
	d.digits = v.MarshalTo(d.digits[:0])
	return d.digits
}
