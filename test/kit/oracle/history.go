package oracle

import (
	"slices"
	"sort"
	"strings"

	"muster/event"
)

// memory is how long a messageId is remembered: one day of stream time.
const memory = day

// history is all that ever happened to one profile.
type history struct {
	id       string
	events   []behaviour      // by event time, ties by log order
	writes   []write          // of traits, in log order
	times    []int64          // event times of all events of any type, in ascending order
	contexts []remark         // of all events of any type, by event time, ties by log order
	groups   []*membership    // in order of joining, each once
	applied  map[string]int64 // messageId -> stream time when it was applied
	length   int              // events applied, of any type
	env      map[string]any   // what programs see; nil when it must be built again
	crossed  []int64          // every time that a rule could compare with now
	since    []int64          // by condition of held, since when it is true; never where it is false
	ahead    agenda           // when conditions of held may flip
}

// behaviour is one track, page or screen event.
type behaviour struct {
	name   string
	at     int64 // event time, milliseconds
	fields any   // the properties, as map[string]any
}

// add appends an event at the end of the log, unless its messageId was
// applied within the last day. It reports whether it was added.
func (h *history) add(e *event.Event, clock int64, known *tables) bool {
	if e.MessageID != "" {
		if at, seen := h.applied[e.MessageID]; seen && clock-at < memory {
			return false
		}
		h.applied[strings.Clone(e.MessageID)] = clock
	}
	h.length++
	h.env = nil
	at, _ := slices.BinarySearch(h.times, e.Time)
	h.times = slices.Insert(h.times, at, e.Time)
	h.cross(e)
	h.tell(e)
	switch e.Type {
	case event.Track:
		h.insert(e, e.Name, known)
	case event.Page:
		h.insert(e, event.PageViewed, known)
	case event.Screen:
		h.insert(e, event.ScreenViewed, known)
	case event.Identify:
		h.writes = append(h.writes, writes(e.Body, e.Time)...)
	case event.Group:
		h.join(e)
	}
	return true
}

// insert puts a behaviour after all that happened before it or at the same
// time. What is known of every event has names that no property is meant to have,
// and it keeps the catalogues as they are when it arrives.
func (h *history) insert(e *event.Event, name string, known *tables) {
	fields := object(e.Body)
	fields["properties"], fields["context"] = object(e.Body), plain(e.Context)
	fields["event_channel"] = nil
	if e.Channel != "" {
		fields["event_channel"] = strings.Clone(e.Channel)
	}
	fields["event_time"] = instant(e.Time)
	fields["event_day"] = utcDay(e.Time)
	fields["event_name"] = strings.Clone(name)
	fields[arrivalKey], fields[tablesKey] = len(h.times), known
	h.events = append(h.events, behaviour{fields["event_name"].(string), e.Time, fields})
	sort.SliceStable(h.events, func(i, j int) bool { return h.events[i].at < h.events[j].at })
}

// environment is what programs see of the profile by name.
func (h *history) environment() map[string]any {
	if h.env != nil {
		return h.env
	}
	ids, groups := h.memberships()
	h.env = map[string]any{
		"traits": replay(h.writes),
		"groups": groups,
		"profile": map[string]any{
			"id":         h.id,
			"first_seen": instant(h.times[0]),
			"last_seen":  instant(h.times[len(h.times)-1]),
			"groups":     ids,
		},
	}
	return h.env
}
