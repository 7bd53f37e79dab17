package profile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"muster/event"
)

const hour = 60 * 60 * 1000

// mergedSchema has a series of every kind, sequences and spread ones included.
func mergedSchema() *Schema {
	var list []Series
	for k := KeepTotalCount; k <= KeepSlidingValues; k++ {
		one := seriesOf(k, 5*24*hour)
		list = append(list, one)
		if k == KeepTotalDistinct || k == KeepSlidingValues {
			one.Spread, one.Key = true, one.Key+" spread"
			list = append(list, one)
		}
	}
	newest := seriesOf(KeepSlidingTimes, 5*24*hour)
	newest.Newest, newest.Key = 3, "newest"
	said := seriesOf(KeepTotalLast, 0)
	said.Calls, said.Key, said.Name = true, "said", ""
	said.Where = func(ev *event.Event) bool { return !ev.Context.IsMissing() }
	list = append(list, newest, said,
		sequenceOf(KeepRecentSequence, 30*hour, 4*24*hour, "A", "B", "C"),
		sequenceOf(KeepTotalSequence, 9*hour, 0, "B", "C", "A", "B"),
		sequenceOf(KeepTotalAbandoned, 0, 0, "A", "B"),
	)
	return NewSchema([]Path{PathOf("address"), PathOf("address", "city"), PathOf("plan")}, list)
}

// allSeries are the positions and the names of a schema's series.
func allSeries(s *Schema) (positions []int, names []string) {
	for i := range s.Series {
		positions, names = append(positions, i), append(names, NameOfSeries(s.Series[i].Key))
	}
	return positions, names
}

// tale is what happened to a profile, in the order of the log.
type tale []event.Event

// drawTale makes events that come late, out of order, several at a time and
// again, each at most once.
func drawTale(r *rand.Rand, n int) tale {
	var log, copies tale
	for clock := start; len(log) < n; clock += int64(r.IntN(3)) * int64(r.IntN(hour)) {
		ev := drawEvent(r, clock, len(log))
		again := r.IntN(6) == 0 && ev.MessageID != ""
		if again {
			ev.Time += int64(len(log)) // see drawEvent
		}
		log = append(log, ev)
		if again {
			ev.Arrival += int64(r.IntN(20 * hour))
			copies = append(copies, ev)
		}
		copies = slices.DeleteFunc(copies, func(ev event.Event) bool {
			due := ev.Arrival <= clock
			if due {
				log = append(log, ev)
			}
			return due
		})
	}
	return log
}

// drawEvent makes an event at a second or so. Those that come again are given
// times of their own: which of several at the same time came first is told by
// the one that counts, and that may be either.
func drawEvent(r *rand.Rand, clock int64, i int) event.Event {
	arrival := clock - int64(r.IntN(4)/3*r.IntN(2*hour))
	at := arrival - int64(r.IntN(3)/2*r.IntN(90*hour))
	at -= at%1000 + 1000
	ev := event.Event{Type: event.Track, Profile: "p", Name: string(rune('A' + r.IntN(3))), Time: at, Arrival: arrival}
	if r.IntN(10) > 0 {
		ev.MessageID = fmt.Sprint("m", i)
	}
	number := event.NumberOf(float64(r.IntN(40)) / 8)
	switch r.IntN(9) {
	case 0:
		ev.Type, ev.Name, ev.Body = event.Identify, "", drawTraits(r)
	case 1:
		ev.Type, ev.Name, ev.GroupID, ev.Body = event.Group, "", fmt.Sprint("g", r.IntN(3)), drawTraits(r)
	case 2:
		ev.Body = object("price", event.ArrayOf([]event.Value{number, event.StringOf("x"), event.NumberOf(1)}))
	case 3:
		ev.Body, ev.Context = object("price", event.StringOf("a price that is long enough for a digest")), object("ip", number)
	default:
		ev.Body = object("price", number)
	}
	return ev
}

func drawTraits(r *rand.Rand) event.Value {
	value := event.NumberOf(float64(r.IntN(9)))
	switch r.IntN(4) {
	case 0:
		return object("address", object("city", value))
	case 1:
		return object("address", value)
	case 2:
		return object("plan", event.Value{}, "address", object("zip", value, "city", event.Value{}))
	}
	return object("plan", value)
}

// archive is what arrived until an instant, in order of arrival.
func (log tale) archive(until int64) tale {
	var kept tale
	for _, ev := range log {
		if ev.Arrival <= until {
			kept = append(kept, ev)
		}
	}
	slices.SortStableFunc(kept, func(a, b event.Event) int { return int(a.Arrival - b.Arrival) })
	return kept
}

// clock is the latest arrival among the events.
func (log tale) clock() int64 {
	latest := int64(0)
	for i := range log {
		latest = max(latest, log[i].Arrival)
	}
	return latest
}

// replayed is the profile of someone who has taken in history up to a seam,
// and then what arrived behind it.
func (log tale) replayed(s *Schema, cfg *Config, seam int64) *Profile {
	p, now := New("p"), int64(0)
	for _, ev := range log.archive(seam) {
		now = max(now, ev.Arrival)
		p.Apply(s, cfg, &ev, now, &Changed{})
	}
	for _, ev := range log {
		if ev.Arrival > seam {
			now = max(now, ev.Arrival)
			p.Apply(s, cfg, &ev, now, &Changed{})
		}
	}
	return p
}

// patch evaluates history up to a seam, and takes its patch through its form.
func (log tale) patch(t *testing.T, s *Schema, cfg *Config, seam int64) *Patch {
	t.Helper()
	positions, _ := allSeries(s)
	x, p, based, now := NewExtraction(s, positions, seam), New("p"), false, int64(0)
	for _, ev := range log.archive(seam) {
		recent := ev.Arrival > RecentFrom(seam)
		if recent && !based {
			x.Base(p)
			based = true
		}
		now = max(now, ev.Arrival)
		if p.Apply(s, cfg, &ev, now, &Changed{}) == Applied && recent {
			x.Recent(&ev, now)
		}
	}
	if !based {
		x.Base(p)
	}
	patch, err := DecodePatch(x.Patch(p).Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	return patch
}

// live is a profile in a shard that gets the log from some place on.
type live struct {
	*Profile
	schema *Schema
	cfg    Config
	seams  Seams
	now    int64
}

func (l *live) take(ev event.Event) {
	l.now = max(l.now, ev.Arrival)
	l.ApplyAcross(l.seams, l.schema, &l.cfg, &ev, l.now, &Changed{})
}

// store puts the profile through its stored form.
func (l *live) store(t *testing.T) {
	t.Helper()
	if !l.Exists() {
		return
	}
	codec := codecOf(l.schema).Across(l.seams)
	p, err := codec.Decode("p", string(codec.Append(nil, l.Profile, l.now)))
	if err != nil {
		t.Fatal(err)
	}
	l.Profile = p
}

func (l *live) merge(t *testing.T, patch *Patch) bool {
	t.Helper()
	if err := l.seams[0].Check(patch, l.schema); err != nil {
		t.Fatal(err)
	}
	return l.Merge(l.schema, &l.cfg, &l.seams[0], patch, l.now, &Changed{})
}

// told tells all that rules can see of a profile: its series as they are
// stored, and the rest in words. Of a sequence of all time no rule sees when
// it began, and which one was found first is stored.
func (l *live) told(p *Profile) string {
	seen := *p
	seen.kept, seen.block = slices.Clone(p.kept), slices.Clone(p.block)
	sequences := 0
	for i := range seen.kept {
		k := &seen.kept[i]
		if k.points != nil { // those of the profile itself must stay
			k.points, k.shared = k.points.apart(), false
		}
		if l.schema.Series[k.series].Keep == KeepTotalSequence {
			if own := seen.decoded(k, l.schema).steps; own.latest != none {
				k.points, k.size = &points{series: int(k.series), steps: newSteps()}, 0
				sequences++
			}
		}
	}
	series := codecOf(l.schema).appendSeries(nil, &seen, l.now)
	text := fmt.Sprintf("%x and %d\nfirst %d last %d traits %v", series, sequences, p.FirstSeen, p.LastSeen, p.Traits.Object())
	for i := range p.Groups {
		text += fmt.Sprintf(" %s %v", p.Groups[i].ID, p.Groups[i].Traits.Object())
	}
	return text
}

// TestMergeCommutes: wherever the shard's log begins, wherever the seam is
// and whenever the patch comes, once or several times, the profile ends as
// that of someone who has taken in everything, byte for byte.
func TestMergeCommutes(t *testing.T) {
	schema := mergedSchema()
	_, names := allSeries(schema)
	moved := 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 16))
		log := drawTale(r, 30+r.IntN(120))
		at := r.IntN(len(log) + 1)
		begins := r.IntN(at + 1)
		seam := log[:at].clock()
		l := &live{Profile: New("p"), schema: schema, cfg: Default()}
		patch := log.patch(t, schema, &l.cfg, seam)
		comes := at + r.IntN(len(log)-at+1)
		closes := comes + r.IntN(len(log)-comes+1)
		for i := begins; i <= len(log); i++ {
			if i == at {
				l.now = max(l.now, seam)
				l.seams = Seams{NewSeam("run", seam, false, names, schema)}
			}
			if i == comes && patch.Exists {
				before := l.told(l.Profile)
				l.merge(t, patch)
				if l.told(l.Profile) != before {
					moved++
				}
			}
			if i >= comes && i < closes && patch.Exists && r.IntN(8) == 0 && l.merge(t, patch) {
				t.Fatalf("seed %d: the patch came again and changed something", seed)
			}
			if i == closes {
				l.seams = Seams{NewSeam("run", seam, true, names, schema)}
			}
			if r.IntN(5) == 0 {
				l.store(t)
			}
			if i < len(log) {
				l.take(log[i])
			}
		}
		want := l.told(log.replayed(schema, &l.cfg, seam))
		if got := l.told(l.Profile); got != want {
			t.Fatalf("seed %d, log of %d from %d, seam before %d, patch before %d, closed before %d:\ngot  %s\nwant %s", seed, len(log), begins, at, comes, closes, got, want)
		}
	}
	if moved < 200 {
		t.Errorf("only %d patches changed anything", moved)
	}
}
