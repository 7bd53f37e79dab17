package event

// Type is the call of the Segment spec that an event came from.
type Type uint8

// The calls. Page and Screen carry the event names PageViewed and
// ScreenViewed and otherwise behave as Track does.
const (
	Track Type = iota + 1
	Page
	Screen
	Identify
	Group
	Alias
)

// Names under which page and screen calls are seen by events("...").
const (
	PageViewed   = "Page Viewed"
	ScreenViewed = "Screen Viewed"
)

// Event is one customer event. Times are milliseconds since 1970 UTC.
type Event struct {
	Type      Type
	Profile   string // userId, else anonymousId; 1 to 1,024 bytes
	OtherID   string // previousId of Alias, anonymousId of Identify beside a userId: the same customer; "" for none
	MessageID string // "" when the record carries none
	Name      string // event name of Track, Page and Screen; "" otherwise
	GroupID   string // of Group
	Time      int64  // event time, never after Arrival
	Arrival   int64  // receivedAt, else the record's timestamp, else the event's own
	Clamped   Clamp  // which of the two times had to be pulled back
	StoodIn   bool   // the timestamp can't be used, and the next source of the time stood in
	Body      Value  // properties, or traits for Identify and Group; an object or missing
	Channel   string // "server", "browser", "mobile" and the like; "" when the call does not say
	Context   Value  // of its fields those that Decoder.ReadContext asks for; an object or missing
}

// Clamp says which times of an event lay in the future.
type Clamp uint8

// The bits of Clamp.
const (
	ClampedTime    Clamp = 1 << iota // event time was after arrival and counts as arrival
	ClampedArrival                   // arrival was over 5 minutes ahead of the clock and counts as the clock
)

// IsBehaviour reports whether the event is part of the history that
// events(...) sees: track, page and screen are, the others are not.
func (e *Event) IsBehaviour() bool { return e.Type == Track || e.Type == Page || e.Type == Screen }

// Joins reports whether the event says that two ids are one customer. Nothing
// is joined by it yet.
func (e *Event) Joins() bool { return e.Type == Alias || e.OtherID != "" }

// Rejection is a record, or one item of a batch, that can't be used.
type Rejection struct {
	Item   int    // index within {"batch":[...]}, -1 for a whole record
	Reason string // names the field and what is wrong with it
	Value  []byte // the item's or record's own bytes, for the dead letter
}
