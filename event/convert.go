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
	e.Body, err = d.content(e.Type, e.Name)
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
		var bad flaw
		if e.GroupID, bad = d.id(c.groupID); bad == flawAbsent {
			return reject("groupId", "absent from a group call")
		}
		return d.badID("groupId", c.groupID, bad)
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

// numberText returns a number as the record spells it, valid until the next
// call. Marshalling is the only way fastjson gives it.
func (d *Decoder) numberText(v *fastjson.Value) []byte {
	d.digits = v.MarshalTo(d.digits[:0])
	return d.digits
}
