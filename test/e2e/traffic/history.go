package traffic

import (
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/event"
	"muster/test/e2e/stack"
	"muster/test/kit/days"
	"muster/test/kit/generate"
)

// When the events of a History arrive, in ms.
const (
	silence  = 100 * day      // of which the service has seen nothing, but for the last part
	heard    = 10 * day       // that part, of which it sees every second event
	margin   = 60_000         // before the present: nothing arrives between it and the seam
	repeated = 3 * 3_600_000  // before the seam: copies of what arrived since come behind it
	across   = 20 * 3_600_000 // behind the seam: what arrives there arrives by then, so that copies are always repeats
)

const (
	unheard = 1500 // events before the service has begun
	hurry   = 50   // of what is left until the latest arrival, at most so small a part passes between two events
)

// Remembered are rules about what a History has, that history can fill.
var Remembered = map[string]string{
	"many":   Bought["many"],
	"spent":  Bought["spent"],
	"order":  Bought["order"],
	"early":  Bought["early"],
	"pro":    `traits.plan == "pro"`,
	"lapsed": `count(events("Bought")) > 0 and count(events("Bought", "20d")) == 0`,
	"first":  `profile.first_seen > ago("95d")`,
	"both":   `segment("many") and not segment("pro")`,
	"dear":   `max(map(events("Bought", "45d"), .price)) > 18`,
}

// History is traffic of which an archive has all up to a seam, and the service
// every second event of the last days before. Behind the seam the service gets
// what arrives there, some of what it had not seen, late, and copies of the
// last events before. It is drawn from a seed, but its instants are those of
// the present, as a seam is.
type History struct {
	*Traffic
	archive []event.Event // in order of arrival, but for copies
	unseen  []event.Event // that the service has not seen
	again   []event.Event // copies to send
	until   int64         // arrivals go up to here
	number  int           // of the next event
}

// NewHistory draws what happened before a service was there.
func NewHistory(seed uint64, customers int, now time.Time) *History {
	h := &History{Traffic: New(seed, 0, 0), until: now.UnixMilli() - margin}
	h.Rules = Remembered
	for i := range customers {
		h.Profiles = append(h.Profiles, fmt.Sprint("user ", i))
	}
	for i := range int64(unheard) {
		h.clock = h.until - silence + i*(silence-heard)/unheard
		h.archive = append(h.archive, h.next())
	}
	h.clock = h.until - heard
	return h
}

// Archive writes what there is so far to a folder. Every third day is there
// twice.
func (h *History) Archive(folder string) error {
	var a days.Archive
	for i := range h.archive {
		a.Add(h.archive[i].Arrival, generate.Record(&h.archive[i], nil))
	}
	_, err := a.Write(folder, func(day int64) int {
		if day%3 == 0 {
			return 2
		}
		return 1
	})
	return err
}

// next is what one customer did, at the clock: sometimes long before. What
// tells traits has a time of its own, as which of two at the same time came
// last is a matter of who saw them when.
func (h *History) next() event.Event {
	h.number++
	e := buyer(h.Rand, len(h.Profiles), fmt.Sprint("h", h.number), h.clock)
	switch h.Rand.IntN(10) {
	case 0:
		e.Time -= h.Rand.Int64N(30 * day)
	case 1:
		e.Type, e.Name, e.Time = event.Identify, "", h.clock-int64(h.number)
		e.Body = event.ObjectOf([]event.Value{event.StringOf("plan"), event.StringOf([]string{"pro", "free"}[h.Rand.IntN(2)])})
	}
	return e
}

// pass lets a little time pass, the less the nearer the latest arrival is.
func (h *History) pass() { h.clock += h.Rand.Int64N(1 + (h.until-h.clock)/hurry) }

// Before returns events for the service, all of which will be before the seam.
// For each there is another that only the archive gets.
func (h *History) Before(s *stack.System, n int) []*kgo.Record {
	var records []*kgo.Record
	for range n {
		h.pass()
		e, missed := h.next(), h.next()
		h.archive, h.unseen = append(h.archive, e, missed), append(h.unseen, missed)
		records = append(records, h.record(s, &e))
	}
	return records
}

// Meet tells where the seams are. What comes now is behind them, or late. It
// writes the archive, in which some events are repeated, some within a day and
// some later, and every third day is there twice. It returns its events.
func (h *History) Meet(folder string, seams []int64) ([]event.Event, error) {
	seam := slices.Max(seams)
	for i := range h.archive {
		e := h.archive[i]
		switch {
		case h.Rand.IntN(5) > 0:
		case e.Arrival > seam-repeated:
			e.Arrival = seam + 1000
			h.again = append(h.again, e)
		case e.Arrival < seam-3*day:
			e.Arrival += h.Rand.Int64N(2 * day)
			h.archive = append(h.archive, e)
		}
	}
	h.clock, h.until = seam+1000, seam+across
	return h.archive, h.Archive(folder)
}

// Behind returns events for the service behind the seam: copies first, and
// then new ones, among which are late ones that the archive has.
func (h *History) Behind(s *stack.System, n int) []*kgo.Record {
	var records []*kgo.Record
	for range n {
		var e event.Event
		switch {
		case len(h.again) > 0:
			e, h.again = h.again[0], h.again[1:]
		case len(h.unseen) > 0 && h.Rand.IntN(4) == 0:
			e, h.unseen = h.unseen[0], h.unseen[1:]
		default:
			h.pass()
			e = h.next()
		}
		records = append(records, h.record(s, &e))
	}
	return records
}

// Revisit returns an event of every profile, so long after the last ones.
func (h *History) Revisit(s *stack.System, later time.Duration) []*kgo.Record {
	h.Skip(later)
	var records []*kgo.Record
	for _, id := range h.Profiles {
		e := h.next()
		e.Profile = id
		records = append(records, h.record(s, &e))
	}
	return records
}
