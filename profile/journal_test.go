package profile

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"muster/event"
)

// heldFrom is where conditions stand in Members, behind the segments of codecOf.
const heldFrom = 3

// tellingSchema is mergedSchema with two conditions.
func tellingSchema() *Schema {
	schema := mergedSchema()
	schema.Conditions = []string{"c", "d"}
	return schema
}

// namesOf are the names of a schema's series and conditions.
func namesOf(s *Schema) []string {
	_, names := allSeries(s)
	for _, key := range s.Conditions {
		names = append(names, NameOfCondition(key))
	}
	return names
}

// tells has a patch say that the first condition is true since an instant,
// and the second is not.
func tells(t *testing.T, patch *Patch, since int64) *Patch {
	t.Helper()
	patch.conditions = []patchCondition{{NameOfCondition("c"), true, since}, {NameOfCondition("d"), false, 0}}
	again, err := DecodePatch(patch.Append(nil))
	if err != nil || !reflect.DeepEqual(again, patch) {
		t.Fatalf("it does not read back: %v", err)
	}
	return again
}

// retraced takes a way to its end.
func (l *live) retraced(t *testing.T, patch *Patch) *Profile {
	t.Helper()
	if err := l.seams[0].Check(patch, l.schema); err != nil {
		t.Fatal(err)
	}
	way, err := l.Retrace(l.schema, &l.cfg, heldFrom, &l.seams[0], patch)
	if err != nil || way == nil {
		t.Fatalf("%v, %v", way, err)
	}
	for at, last := int64(0), int64(0); ; last = at {
		var ok bool
		if at, ok = way.Next(); !ok {
			return way.Profile
		}
		if at < last || at > l.now || !way.Step(l.schema, &l.cfg, &Changed{}) {
			t.Fatalf("a step at %d behind %d, at %d", at, last, l.now)
		}
	}
}

// TestRetraceIsTheWay: whenever a patch comes, the profile that is taken from
// the seam to the present is that of someone who has known everything when it
// happened, byte for byte.
func TestRetraceIsTheWay(t *testing.T) {
	schema, steps := tellingSchema(), 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 23))
		log := drawTale(r, 30+r.IntN(100))
		at := r.IntN(len(log) + 1)
		comes, begins, seam := at+r.IntN(len(log)-at+1), r.IntN(at+1), log[:at].clock()
		l := &live{Profile: New("p"), schema: schema, cfg: Default()}
		patch := tells(t, log.patch(t, schema, &l.cfg, seam), start)
		if !patch.Exists {
			continue
		}
		known := log.archive(seam)
		for i, ev := range log[begins:comes] {
			if i += begins; i >= at && l.seams == nil {
				l.now, l.seams = max(l.now, seam), Seams{NewSeam("run", seam, false, namesOf(schema), schema)}
			}
			if l.take(ev); ev.Arrival > seam {
				known = append(known, ev)
			}
			if r.IntN(5) == 0 {
				l.store(t)
			}
		}
		if l.seams == nil {
			l.now, l.seams = max(l.now, seam), Seams{NewSeam("run", seam, false, namesOf(schema), schema)}
		}
		got := l.retraced(t, patch)
		if got, want := l.told(got), l.told(known.replayed(schema, &l.cfg, seam)); got != want {
			t.Fatalf("seed %d, log of %d from %d, seam before %d, patch before %d:\ngot  %s\nwant %s", seed, len(log), begins, at, comes, got, want)
		}
		if since, is := got.Since(0); !is || since != start || !got.Members.Has(heldFrom) || got.Members.Has(heldFrom+1) {
			t.Fatalf("seed %d: the conditions are %v, %v", seed, allHeld(got), got.Members)
		}
		steps += comes - at
	}
	if steps < 1000 {
		t.Errorf("only %d steps were taken", steps)
	}
}

// TestConditionsAreTakenOverOnce: a run tells of its conditions once, whatever
// of it comes again and however it is stored.
func TestConditionsAreTakenOverOnce(t *testing.T) {
	schema := NewSchema(nil, nil) // conditions on traits alone: the run gives no series
	schema.Conditions = []string{"c", "d"}
	l := &live{Profile: New("p"), schema: schema, cfg: Default(), seams: Seams{NewSeam("run", start, false, namesOf(schema), schema)}}
	l.take(identify(start+5, object("plan", event.StringOf("pro"))))
	l.Hold(1, start+5)
	l.Members.Set(heldFrom+1, true)
	l.store(t)
	patch := tells(t, tale{identify(start-9, object("plan", event.StringOf("pro")))}.patch(t, schema, &l.cfg, start), start-9)
	way, err := l.Retrace(schema, &l.cfg, heldFrom, &l.seams[0], patch)
	if err != nil || way == nil || !way.Profile.Members.Has(heldFrom) {
		t.Fatalf("%+v, %v", way, err)
	}
	l.merge(t, patch)
	way.Profile.Hold(1, start+2)
	l.MergeHeld(heldFrom, &l.seams[0], patch, way.Profile)
	if got := allHeld(l.Profile); !slices.Equal(got, []heldPair{{0, start - 9}, {1, start + 2}}) || !l.Members.Has(heldFrom) || !l.Members.Has(heldFrom+1) {
		t.Errorf("held %v, members %v", got, l.Members)
	}
	for range 2 {
		if way, err := l.Retrace(schema, &l.cfg, heldFrom, &l.seams[0], patch); way != nil || err != nil {
			t.Fatalf("a patch that comes again leads to %+v, %v", way, err)
		}
		l.take(identify(start+7, object("plan", event.StringOf("free"))))
		if len(l.shadows) != 1 || len(l.shadows[0].journal) > 0 {
			t.Fatalf("%d shadows: %+v", len(l.shadows), l.shadows)
		}
		l.store(t)
	}
	l.seams = Seams{NewSeam("run", start, true, namesOf(schema), schema)}
	if l.store(t); len(l.shadows) > 0 {
		t.Error("behind the closed seam a shadow is left")
	}
}

// TestAJournalIsBounded: past the bound the way can't be told, and the error
// says what to do.
func TestAJournalIsBounded(t *testing.T) {
	schema := tellingSchema()
	l := &live{Profile: New("p"), schema: schema, cfg: Default(), seams: Seams{NewSeam("run", start, false, namesOf(schema), schema)}}
	l.cfg.StateBytes = 4096
	patch := tells(t, tale{track(start-9, 1)}.patch(t, schema, &l.cfg, start), start-9)
	for i := range int64(200) {
		l.take(track(start+1+i, 1))
		if s := &l.shadows[0]; s.journalBytes > 4096 || s.lost == (len(s.journal) > 0) {
			t.Fatalf("event %d: %d bytes, %d entries, lost %t", i, s.journalBytes, len(s.journal), s.lost)
		}
		l.store(t)
	}
	if s := &l.shadows[0]; !s.lost || len(s.journal) > 0 {
		t.Fatalf("after 200 events the journal has %d entries", len(s.journal))
	}
	if way, err := l.Retrace(schema, &l.cfg, heldFrom, &l.seams[0], patch); way != nil || err == nil || !strings.Contains(err.Error(), "raise it, and begin another run") {
		t.Errorf("%v, %v", way, err)
	}
	l.seams = Seams{NewSeam("run", start, false, nil, schema)} // an edit has ended what it tells of
	if way, err := l.Retrace(schema, &l.cfg, heldFrom, &l.seams[0], patch); way != nil || err != nil {
		t.Errorf("%v, %v", way, err)
	}
}

func TestCheckKnowsConditions(t *testing.T) {
	schema := tellingSchema()
	patch := tells(t, tale{track(start-9, 1)}.patch(t, schema, &Config{}, start), start-9)
	names := namesOf(schema)
	fewer := NewSeam("run", start, false, names[:len(names)-1], schema)
	if err := fewer.Check(patch, schema); err == nil || !strings.Contains(err.Error(), "begin another run") {
		t.Errorf("a condition that the run does not tell of any more: %v", err)
	}
	schema = mergedSchema()
	seam := NewSeam("run", start, false, names, schema)
	if err := seam.Check(patch, schema); err != nil {
		t.Errorf("conditions that no rule asks for any more: %v", err)
	}
}

// journalBlob is a stored profile with a journal of every kind of event.
func journalBlob(t *testing.T) (*Codec, []byte, Seams) {
	t.Helper()
	schema := tellingSchema()
	l := &live{Profile: New("p"), schema: schema, cfg: Default(), now: start}
	l.seams = Seams{NewSeam("other", start, false, nil, schema), NewSeam("run", start, false, namesOf(schema), schema)}
	for i, ev := range drawTale(rand.New(rand.NewPCG(5, 5)), 40) {
		ev.Arrival = start + 1 + int64(i)
		l.take(ev)
	}
	kinds := map[entryKind]int{}
	for _, e := range l.shadowOf(&l.seams[1]).journal {
		kinds[e.kind]++
	}
	if len(kinds) != 3 {
		t.Fatalf("kinds %v", kinds)
	}
	codec := codecOf(schema).Across(l.seams)
	return codec, codec.Append(nil, l.Profile, l.now), l.seams
}

// TestAJournalIsStored reads one back, refuses it cut anywhere, and leaves it
// behind where the profile goes to another shard.
func TestAJournalIsStored(t *testing.T) {
	codec, blob, _ := journalBlob(t)
	p, err := codec.Decode("p", string(blob))
	if err != nil || blob[0] != journalFormat {
		t.Fatalf("format %d, %v", blob[0], err)
	}
	if again := codec.Append(nil, p, start+50); !bytes.Equal(again, blob) {
		t.Errorf("it does not read back\n%x\n%x", again, blob)
	}
	plain := codecOf(codec.schema)
	for n := range blob {
		if _, err := codec.Decode("p", string(blob[:n])); err == nil {
			t.Fatalf("cut at %d it is read", n)
		}
	}
	identity := &Renumbering{Generation: func(g uint64) uint64 { return g }}
	for i := range plain.names {
		identity.Numbers = append(identity.Numbers, uint64(i))
	}
	got, err := identity.Append(nil, blob)
	if err != nil {
		t.Fatal(err)
	}
	if q, err := plain.Decode("p", string(got)); err != nil || len(q.shadows) > 0 {
		t.Errorf("renumbered: %v", err)
	}
}

// FuzzJournal: whatever is read as a profile with shadows encodes to itself,
// and leads from a seam to an end.
func FuzzJournal(f *testing.F) {
	codec, blob, seams := journalBlob(&testing.T{})
	f.Add(blob)
	cfg := Default()
	patch := tells(&testing.T{}, tale{track(start-9, 1)}.patch(&testing.T{}, codec.schema, &cfg, start), start-9)
	f.Fuzz(func(t *testing.T, blob []byte) {
		p, err := codec.Decode("p", string(blob))
		if err != nil {
			return
		}
		again := codec.Append(nil, p, start+50)
		q, err := codec.Decode("p", string(again))
		if err != nil || !bytes.Equal(codec.Append(nil, q, start+50), again) {
			t.Fatalf("it does not encode to itself: %v", err)
		}
		way, err := p.Retrace(codec.schema, &cfg, heldFrom, &seams[1], patch)
		if err != nil || way == nil {
			return
		}
		for _, ok := way.Next(); ok; _, ok = way.Next() {
			way.Step(codec.schema, &cfg, &Changed{})
		}
		way.Profile.Traits.Object()
	})
}
