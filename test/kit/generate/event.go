package generate

import (
	"fmt"
	"math/rand/v2"

	"muster/event"
)

// Event returns an event of one of the profiles that arrives at or after
// clock, a stream time in milliseconds, or sometimes a little before. Its
// time is often long before its arrival and at times exactly that of
// another. With eight profiles about one event in twenty-five repeats a
// messageId that its profile used within the last day.
func Event(r *rand.Rand, profiles []string, clock int64) event.Event {
	e := event.Event{Profile: pick(r, profiles), Arrival: arrival(r, clock)}
	e.Time = max(0, e.Arrival-lateness(r))
	if chance(r, 40) {
		e.MessageID = fmt.Sprintf("m-%d", r.IntN(4))
	}
	switch weigh(r, 58, 8, 6, 23, 4, 1) {
	case 0:
		e.Type, e.Name, e.Body = event.Track, pick(r, eventNames), properties(r, e.Arrival)
	case 1:
		e.Type, e.Name, e.Body = event.Page, event.PageViewed, properties(r, e.Arrival)
	case 2:
		e.Type, e.Name, e.Body = event.Screen, event.ScreenViewed, properties(r, e.Arrival)
	case 3:
		e.Type, e.Body = event.Identify, traits(r, e.Arrival)
	case 4:
		e.Type, e.GroupID, e.Body = event.Group, pick(r, groups), groupTraits(r, e.Arrival)
	case 5:
		e.Type = event.Alias
	}
	if chance(r, 45) {
		e.Context = context(r, e.Arrival)
	}
	if chance(r, 30) {
		e.Channel = pick(r, channels)
	}
	return e
}

func arrival(r *rand.Rand, clock int64) int64 {
	switch weigh(r, 35, 8, 27, 14, 10, 6) {
	case 0:
		return clock
	case 1:
		return clock + 1 + r.Int64N(second)
	case 2:
		return clock + pick(r, spans[:3]).ms
	case 3:
		return clock + pick(r, spans[:5]).ms
	case 4:
		return clock + pick(r, spans).ms
	}
	return max(0, clock-pick(r, spans[:3]).ms)
}

// lateness is how long before its arrival an event happened: mostly not at
// all, else a span or two, sometimes a millisecond off.
func lateness(r *rand.Rand) int64 {
	switch weigh(r, 60, 20, 15, 5) {
	case 1:
		return pick(r, spans[:5]).ms
	case 2:
		return pick(r, spans).ms + pick(r, []int64{0, -1, 1})
	case 3:
		return pick(r, spans).ms + pick(r, spans).ms
	}
	return 0
}

// fields collects an object, each key at most once.
type fields struct {
	r     *rand.Rand
	pairs []event.Value
}

// put adds a field percent times of a hundred, and then sometimes as null
// or as a value of any other kind.
func (f *fields) put(percent int, key string, v event.Value) {
	if !chance(f.r, percent) {
		return
	}
	switch weigh(f.r, 85, 5, 10) {
	case 1:
		v = event.Value{}
	case 2:
		v = anything(f.r, 2)
	}
	f.pairs = append(f.pairs, event.StringOf(key), v)
}

func (f *fields) object() event.Value { return event.ObjectOf(f.pairs) }

func properties(r *rand.Rand, now int64) event.Value {
	f := &fields{r: r}
	f.put(75, "price", number(r, prices))
	f.put(60, "revenue", number(r, revenues))
	f.put(60, "qty", event.NumberOf(float64(1+r.IntN(3))))
	f.put(70, "sku", text(r, skus))
	f.put(40, "coupon", coupon(r))
	f.put(40, "tags", array(r, tags))
	f.put(40, "gift", event.BoolOf(chance(r, 60)))
	f.put(30, "until", pick(r, []event.Value{moment(r, around(r, now)), stay(r)}))
	f.put(30, "promo code", text(r, codes))
	f.put(40, "app", text(r, versions))
	f.put(50, "total", figured(r))
	f.put(25, "name", text(r, eventNames))
	f.put(25, "timestamp", moment(r, around(r, now)))
	f.put(25, "day", text(r, []string{"2026-01-01", "Monday", "2026-11-10"}))
	f.put(3, "event_name", text(r, names))
	f.put(3, "event_time", event.NumberOf(1))
	f.put(3, "event_day", event.StringOf("2026-01-01"))
	f.put(5, "context", device(r))
	f.put(5, "event_channel", text(r, channels))
	f.put(5, "properties", coupon(r))
	return f.object()
}

func traits(r *rand.Rand, now int64) event.Value {
	f := &fields{r: r}
	f.put(60, "plan", text(r, plans))
	f.put(60, "country", text(r, countries))
	f.put(60, "age", number(r, ages))
	f.put(50, "score", number(r, prices))
	f.put(50, "active", event.BoolOf(chance(r, 60)))
	f.put(60, "tags", array(r, tags))
	f.put(50, "address", address(r))
	f.put(60, "app", text(r, versions))
	f.put(60, "trial_ends_at", moment(r, around(r, now)))
	f.put(60, "account", figured(r))
	f.put(60, "starts", stay(r))
	f.put(60, "ends", stay(r))
	f.put(30, "first name", text(r, names))
	f.put(40, "items", event.ArrayOf([]event.Value{item(r), item(r)}))
	return f.object()
}

// groupTraits are traits, of which one may have the name that an id has.
func groupTraits(r *rand.Rand, now int64) event.Value {
	v := traits(r, now)
	if !chance(r, 15) {
		return v
	}
	f := &fields{r: r}
	for i := range v.Len() {
		key, value := v.Field(i)
		f.pairs = append(f.pairs, event.StringOf(key), value)
	}
	f.put(80, "id", text(r, groups))
	f.put(20, "group_id", text(r, groups))
	return f.object()
}

func address(r *rand.Rand) event.Value {
	geo := &fields{r: r}
	geo.put(60, "lat", number(r, prices))
	geo.put(40, "lon", number(r, prices))
	f := &fields{r: r}
	f.put(70, "city", text(r, cities))
	f.put(40, "zip", text(r, []string{"53111", "75001"}))
	f.put(40, "geo", geo.object())
	return f.object()
}

func coupon(r *rand.Rand) event.Value {
	f := &fields{r: r}
	f.put(80, "code", text(r, codes))
	f.put(70, "pct", number(r, prices))
	return f.object()
}

func item(r *rand.Rand) event.Value {
	f := &fields{r: r}
	f.put(80, "sku", text(r, skus))
	f.put(80, "qty", event.NumberOf(float64(1+r.IntN(3))))
	return f.object()
}

// around is a time some spans before or after now.
func around(r *rand.Rand, now int64) int64 {
	shift := pick(r, spans).ms + pick(r, []int64{0, 0, -1, 1})
	if chance(r, 30) {
		shift = -shift
	}
	return max(0, now+shift)
}

func number(r *rand.Rand, domain []float64) event.Value { return event.NumberOf(pick(r, domain)) }

func text(r *rand.Rand, domain []string) event.Value { return event.StringOf(pick(r, domain)) }

// array has up to three strings, and at times something else among them.
func array(r *rand.Rand, domain []string) event.Value {
	list := []event.Value{}
	for range r.IntN(4) {
		if chance(r, 10) {
			list = append(list, anything(r, 1))
		} else {
			list = append(list, text(r, domain))
		}
	}
	return event.ArrayOf(list)
}

// anything is a value of any kind that JSON has.
func anything(r *rand.Rand, depth int) event.Value {
	kinds := 5
	if depth > 0 {
		kinds = 7
	}
	switch r.IntN(kinds) {
	case 0:
		return event.Value{}
	case 1:
		return event.BoolOf(chance(r, 50))
	case 2:
		return number(r, prices)
	case 3:
		return text(r, plans)
	case 4:
		return event.StringOf("2026-10-20")
	case 5:
		return event.ArrayOf([]event.Value{anything(r, depth-1), text(r, tags)})
	}
	return event.ObjectOf([]event.Value{event.StringOf("city"), anything(r, depth-1), event.StringOf("code"), text(r, codes)})
}
