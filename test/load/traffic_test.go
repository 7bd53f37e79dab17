package load

import (
	"math/rand/v2"
	"strconv"
	"time"

	"muster/event"
	"muster/test/kit/workload"
)

// began is the stream time of the first event; profiles are made before. It
// is noon, so that all events are of one day.
var began = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// Of a hundred events, so many tell about the customer and so many are of a
// behaviour; the others are of a kind that no rule asks for.
const (
	identifies = 5
	behaviours = 65
)

// traffic makes the events of a population, a millisecond of stream time
// apart. The same population has the same ones.
type traffic struct {
	attributes []*workload.Attribute
	source     *rand.PCG
	r          *rand.Rand
	pick       func() int
	made       int
}

func newTraffic(p population) *traffic {
	source := rand.NewPCG(uint64(p.profiles), 31)
	r := rand.New(source)
	return &traffic{attributes: workload.Customers(), source: source, r: r, pick: p.picker(r)}
}

func profileID(number int) string {
	text := strconv.Itoa(number)
	return "customer-" + "00000000"[len(text):] + text
}

// message is a record of the keyed topic.
type message struct {
	profile string
	value   []byte
}

// next makes the next event: two traits of the customer anew, a behaviour,
// or the view of a page.
func (tr *traffic) next() message {
	profile := profileID(tr.pick())
	b := tr.open()
	switch n := tr.r.IntN(100); {
	case n < identifies:
		first := tr.r.IntN(workload.Traits)
		second := (first + 1 + tr.r.IntN(workload.Traits-1)) % workload.Traits
		b = tr.identify(b, tr.attributes[first], tr.attributes[second])
	case n < identifies+behaviours:
		b = tr.track(b, workload.Behaviours[tr.r.IntN(len(workload.Behaviours))])
	default:
		b = append(b, view...)
	}
	return tr.done(b, profile)
}

// view is the fields of a page's view.
const view = `"type":"page","name":"Landing","properties":{"path":"/shop/spring/shoes","referrer":"https://search.example/"}`

// touch makes the view of a page by a certain customer, so that the profile
// comes into memory.
func (tr *traffic) touch(number int) message {
	return tr.done(append(tr.open(), view...), profileID(number))
}

// open begins an event.
func (tr *traffic) open() []byte {
	b := append(make([]byte, 0, 400), `{"messageId":"`...)
	b = strconv.AppendUint(b, tr.r.Uint64(), 16)
	b = strconv.AppendInt(append(b, '-'), int64(tr.made), 16)
	return append(b, `",`...)
}

// done ends an event, the last one so far.
func (tr *traffic) done(b []byte, profile string) message {
	at := began.Add(time.Duration(tr.made) * time.Millisecond)
	tr.made++
	return message{profile: profile, value: tr.close(b, profile, at)}
}

// identify appends the fields of an event that tells traits.
func (tr *traffic) identify(b []byte, attributes ...*workload.Attribute) []byte {
	b = append(b, `"type":"identify","traits":{`...)
	for i, a := range attributes {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(strconv.AppendQuote(b, a.Name), ':')
		b = appendValue(b, a.Draw(tr.r))
	}
	return append(b, '}')
}

// track appends the fields of an event of a behaviour.
func (tr *traffic) track(b []byte, name string) []byte {
	b = strconv.AppendQuote(append(b, `"type":"track","event":`...), name)
	b = append(b, `,"properties":{"sku":"s-`...)
	b = strconv.AppendInt(b, int64(tr.r.IntN(5000)), 10)
	b = append(b, `","category":"shoes","currency":"EUR","value":`...)
	return append(strconv.AppendFloat(b, workload.Worth(tr.r), 'f', -1, 64), '}')
}

// close appends who did it and when, and what clients add of themselves.
func (tr *traffic) close(b []byte, profile string, at time.Time) []byte {
	b = append(append(b, `,"userId":"`...), profile...)
	b = at.AppendFormat(append(b, `","timestamp":"`...), "2006-01-02T15:04:05.000Z07:00")
	b = at.AppendFormat(append(b, `","receivedAt":"`...), "2006-01-02T15:04:05.000Z07:00")
	return append(b, `","context":{"ip":"203.0.113.7","library":{"name":"analytics.js","version":"4.1.0"},"locale":"de-DE"}}`...)
}

// appendValue appends a value as JSON. Texts of the workload have nothing to
// escape.
func appendValue(b []byte, v event.Value) []byte {
	switch v.Kind() {
	case event.KindNumber:
		return strconv.AppendFloat(b, v.Number(), 'f', -1, 64)
	case event.KindBool:
		return strconv.AppendBool(b, v.True())
	case event.KindString:
		return strconv.AppendQuote(b, v.Text())
	}
	return append(b, "null"...)
}

// birth makes the record that begins a profile: all its traits and what it
// has done so far. It depends on the number alone.
func (tr *traffic) birth(number int) message {
	tr.source.Seed(uint64(number), 37)
	m := message{profile: profileID(number)}
	at := began.Add(-time.Minute)
	b := tr.identify(append(make([]byte, 0, 4096), `{"batch":[{`...), tr.attributes[:workload.Traits]...)
	b = tr.close(b, m.profile, at)
	for _, name := range workload.Behaviours {
		for range workload.Done(tr.r) {
			at = at.Add(time.Second)
			b = tr.close(tr.track(append(b, `,{`...), name), m.profile, at)
		}
	}
	m.value = append(b, `]}`...)
	return m
}
