package event

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/valyala/fastjson"
)

// flaw is why a field gives no id.
type flaw uint8

const (
	flawNone flaw = iota
	flawAbsent
	flawKind    // neither a text nor a whole number
	flawLong    // longer than Config.MaxID
	flawBlocked // one of Config.BlockedIDs
)

// identity fills in the profile, the message id and the other id.
func (d *Decoder) identity(e *Event, c *call) error {
	if err := d.profile(e, c); err != nil {
		return err
	}
	var bad flaw
	if e.MessageID, bad = d.id(c.messageID); bad == flawLong {
		return d.badID("messageId", c.messageID, bad)
	}
	switch {
	case e.Type == Alias:
		e.OtherID, _ = d.id(c.previousID)
	case e.Type == Identify && c.userID != nil:
		e.OtherID, _ = d.id(c.anonymousID)
	}
	if e.OtherID == e.Profile {
		e.OtherID = ""
	}
	return nil
}

// profile fills in the id that the event's profile has: userId, and
// anonymousId where that gives none. One that is not needed may be anything.
func (d *Decoder) profile(e *Event, c *call) error {
	user, bad := d.id(c.userID)
	if bad == flawNone || bad == flawLong {
		e.Profile = user
		return d.badID("userId", c.userID, bad)
	}
	anonymous, alsoBad := d.id(c.anonymousID)
	switch {
	case alsoBad == flawNone:
		e.Profile = anonymous
		return nil
	case alsoBad == flawLong:
		return d.badID("anonymousId", c.anonymousID, alsoBad)
	case bad != flawAbsent:
		return also(d.badID("userId", c.userID, bad), "there is no other id that can be used")
	case alsoBad != flawAbsent:
		return also(d.badID("anonymousId", c.anonymousID, alsoBad), "there is no other id that can be used")
	}
	return reject("userId", "absent, and so is anonymousId")
}

// id returns an id's text, "" where there is none that can be used, and why.
// An integer counts as its decimal text, so that ids of any size stay exact.
func (d *Decoder) id(v *fastjson.Value) (string, flaw) {
	if v == nil {
		return "", flawAbsent
	}
	var text []byte
	switch v.Type() {
	case fastjson.TypeString:
		text = v.GetStringBytes()
	case fastjson.TypeNumber:
		if text = d.numberText(v); !isInteger(text) {
			return "", flawKind
		}
	default:
		return "", flawKind
	}
	switch {
	case len(text) == 0:
		return "", flawAbsent
	case len(text) > d.config.MaxID:
		return "", flawLong
	case d.blocked.has(text):
		return "", flawBlocked
	}
	return d.arena.string(text), flawNone
}

// badID says what is wrong with an id, nil when nothing is.
func (d *Decoder) badID(field string, v *fastjson.Value, bad flaw) error {
	switch bad {
	case flawAbsent:
		return reject(field, "absent")
	case flawKind:
		return reject(field, "%s is neither a string nor an integer", show(v))
	case flawLong:
		return reject(field, "%d bytes, the limit is %d", idBytes(v), d.config.MaxID)
	case flawBlocked:
		return reject(field, "%s is one of the blocked ids", show(v))
	}
	return nil
}

func idBytes(v *fastjson.Value) int {
	if v.Type() == fastjson.TypeString {
		return len(v.GetStringBytes())
	}
	return len(v.MarshalTo(nil))
}

// IsID reports whether a text can be an id: it is neither empty nor blocked.
func (d *Decoder) IsID(text string) bool { return text != "" && !d.blocked.has([]byte(text)) }

// blockedIDs are Config.BlockedIDs by their length, which few ids share.
type blockedIDs [][][]byte

func newBlockedIDs(ids []string) blockedIDs {
	var b blockedIDs
	for _, id := range ids {
		id = strings.TrimSpace(id)
		for len(b) <= len(id) {
			b = append(b, nil)
		}
		b[len(id)] = append(b[len(id)], []byte(id))
	}
	return b
}

// has reports whether an id is blocked, whatever its case and the spaces
// around it.
func (b blockedIDs) has(id []byte) bool {
	id = bytes.TrimSpace(id)
	if len(id) >= len(b) {
		return false
	}
	for _, one := range b[len(id)] {
		if bytes.EqualFold(one, id) {
			return true
		}
	}
	return false
}

// validateBlocked refuses lists that are too long, and ids that no event can
// have.
func (c Config) validateBlocked() []error {
	var problems []error
	if n := len(c.BlockedIDs); n > maxBlocked {
		problems = append(problems, fmt.Errorf("event limit blocked_ids has %d ids; it may have at most %d", n, maxBlocked))
	}
	for _, id := range c.BlockedIDs {
		if len(id) > longestID {
			problems = append(problems, fmt.Errorf("event limit blocked_ids has an id of %d bytes; no id is longer than %d", len(id), longestID))
		}
	}
	return problems
}
