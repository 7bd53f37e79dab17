package profile

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"muster/event"
	"muster/test/kit/generate"
)

// codecOf is the codec of a schema with the segments a, b and c.
func codecOf(s *Schema) *Codec {
	c, _ := NewCodec(s, []string{"a", "b", "c"}, nil)
	return c
}

// blobOf is a profile's blob with nothing expired.
func blobOf(p *Profile, s *Schema) string { return string(codecOf(s).Append(nil, p, p.LastSeen)) }

// streamSchema has a series of every kind over the events of package
// generate, whose values are of any kind.
func streamSchema() *Schema {
	var list []Series
	for _, property := range []string{"price", "sku", "tags", "coupon", "until", "gift"} {
		project := func(ev *event.Event) event.Value { return ev.Body.Get(property) }
		for k := KeepTotalCount; k <= KeepSlidingValues; k++ {
			s := Series{Key: keepNames[k] + property, Keep: k, Prefix: true, Project: project}
			if k.Sliding() {
				s.Window = 30 * 24 * 60 * 60 * 1000
			}
			list = append(list, s)
		}
	}
	return NewSchema(nil, list)
}

// TestCodecKeepsBehaviour decodes a profile after every few events and
// demands that it answers and goes on as the one that was never stored.
func TestCodecKeepsBehaviour(t *testing.T) {
	schema, cfg := streamSchema(), Default()
	cfg.Entries = 16
	codec := codecOf(schema)
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 1))
		kept, stored, now := New("p"), New("p"), generate.Start
		for i := range 150 {
			ev := generate.Event(r, []string{"p"}, now)
			now = max(now, ev.Arrival)
			var a, b Changed
			first, second := kept.Apply(schema, &cfg, &ev, now, &a), stored.Apply(schema, &cfg, &ev, now, &b)
			if first != second || !slices.Equal(a.Series, b.Series) || !slices.EqualFunc(a.Traits, b.Traits, sameTraitChange) || a.Groups != b.Groups {
				t.Fatalf("seed %d, event %d: %d %+v, after decoding %d %+v", seed, i, first, a, second, b)
			}
			if !kept.Exists() {
				continue
			}
			compareAnswers(t, schema, kept, stored, now) // of points in one piece of memory, but for those that changed
			kept.Members.Set(r.IntN(3), r.IntN(2) == 0)
			stored.Members = slices.Clone(kept.Members)
			stored = decoded(t, codec, stored, now)
			compareProfiles(t, codec, kept, stored, now)
		}
	}
}

func sameTraitChange(a, b TraitChange) bool {
	return a.Trait == b.Trait && a.Known == b.Known && a.Value.Equal(b.Value)
}

func decoded(t *testing.T, c *Codec, p *Profile, now int64) *Profile {
	t.Helper()
	q, err := c.Decode(p.ID, string(c.Append(nil, p, now)))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func compareProfiles(t *testing.T, c *Codec, p, q *Profile, now int64) {
	t.Helper()
	compareAnswers(t, c.schema, p, q, now)
	if string(c.Append(nil, p, now)) != string(c.Append(nil, q, now)) {
		t.Fatal("the decoded profile encodes to another blob")
	}
}

func compareAnswers(t *testing.T, schema *Schema, p, q *Profile, now int64) {
	t.Helper()
	for i, s := range schema.Series {
		for _, reduce := range reductions[s.Keep] {
			for _, at := range []int64{now, now + s.Window/2} {
				query := Query{Series: i, Reduce: reduce, From: s.Window, To: s.Window / 10}
				if got, want := q.Read(schema, query, at), p.Read(schema, query, at); !got.Equal(want) {
					t.Fatalf("%s, reduction %d: %v after decoding, %v before", s.Key, reduce, got, want)
				}
				if got, want := q.NextChange(schema, query, at), p.NextChange(schema, query, at); got != want {
					t.Fatalf("%s: next change %d after decoding, %d before", s.Key, got, want)
				}
			}
		}
	}
}

// TestValueCodec encodes every kind of value.
func TestValueCodec(t *testing.T) {
	for _, v := range []event.Value{
		{}, event.BoolOf(true), event.BoolOf(false), event.NumberOf(0), event.NumberOf(-1), event.NumberOf(1 << 53), event.NumberOf(0.1),
		event.NumberOf(-1e300), event.NumberOf(1<<53 - 1), event.StringOf(""), event.StringOf("Zoë\x00"), event.TimeOf(start), event.TimeOf(-5),
		event.VersionOf("v1.2.3-rc.1"), event.ArrayOf(nil), event.ArrayOf([]event.Value{event.NumberOf(1), {}, object("a", event.Value{})}),
		event.NumberOf(math.Copysign(0, -1)),
		object(), object("b", event.NumberOf(1), "a", object("x", event.ArrayOf([]event.Value{event.StringOf("y")}))),
	} {
		if got := decodeValue(encodeValue(v)); !got.Equal(v) || math.Signbit(got.Number()) != math.Signbit(v.Number()) {
			t.Errorf("%v reads back as %v", v, got)
		}
	}
	one, two := object("a", event.NumberOf(1), "b", event.NumberOf(2)), object("b", event.NumberOf(2), "a", event.NumberOf(1))
	if encodeValue(one) != encodeValue(two) {
		t.Error("the order of fields makes another value")
	}
	long := event.StringOf("a value of more than eighteen bytes")
	if encodeKey(long) == encodeKey(event.StringOf("another value of more than eighteen bytes")) || len(encodeKey(long)) > digestFrom {
		t.Error("long values must become short digests of their own")
	}
}

// goldenProfile has something of everything that a blob holds.
func goldenProfile(t *testing.T, s *Schema) *Profile {
	p, cfg := New("p"), Default()
	apply(t, p, s, cfg, identify(start, object("plan", event.StringOf("pro"), "old", event.Value{}, "address", object("zip", event.NumberOf(53111), "ok", event.BoolOf(true)))))
	apply(t, p, s, cfg, group(start, "acme", object("plan", event.StringOf("pro"), "old", event.Value{})))
	apply(t, p, s, cfg, group(start, "bolt", event.Value{}))
	for i, v := range []float64{9.5, 3, -1} {
		ev := track(start+int64(i), v)
		ev.MessageID = string(rune('a' + i))
		apply(t, p, s, cfg, ev)
	}
	p.Members.Set(0, true)
	p.Members.Set(2, true)
	p.Version, p.Generation, p.ReachDay, p.Deadline = 7, 3, 20763, start+1000
	return p
}

// goldenBlob is what version 3 of the format makes of it. When it has to
// change, raise formatVersion and keep reading this one.
const goldenBlob = "0344034536ad80a4b5b2b56884a4b5b2b5680703b6c402d0b3b5b2b568020802020461636d6502036f6c6480a4b5b2b5680004706c616e80a4b5b2b568050370726f04626f6c740003897859f66555558580a4b5b2b568eed1d3b157a9987a02d7741f4a6cdf388e0208000000000180a4b5b2b5680406000003000300010000000180a4b5b2b568040604730301040000000000002340020000030203010203060904000000000000234000030180a4b5b2b56800010904000000000000234000040184a4b5b2b568000102030100050380a4b5b2b5680202000000060380a4b5b2b568020203040000000000002340030603010000070380a4b5b2b568020200030904000000000000234002030602030100040a61646472657373006f6b80a4b5b2b568020b61646472657373007a697080a4b5b2b56803eebd06036f6c6480a4b5b2b5680004706c616e80a4b5b2b568050370726f"

func TestFormatIsUnchanged(t *testing.T) {
	schema := everySeries(1000)
	codec := codecOf(schema)
	p := goldenProfile(t, schema)
	if got := hex.EncodeToString(codec.Append(nil, p, p.LastSeen)); got != goldenBlob {
		t.Fatalf("the format has changed:\n%s\nwas\n%s", got, goldenBlob)
	}
	blob, err := hex.DecodeString(goldenBlob)
	if err != nil {
		t.Fatal(err)
	}
	q, err := codec.Decode("p", string(blob))
	if err != nil {
		t.Fatal(err)
	}
	compareProfiles(t, codec, p, q, p.LastSeen)
	if q.FirstSeen != start || q.LastSeen != start+2 || q.Version != 7 || q.Generation != 3 || q.ReachDay != 20763 || q.Deadline != start+1000 {
		t.Errorf("%+v", q)
	}
	if q.Members.Count() != 2 || !q.Members.Has(0) || !q.Members.Has(2) || !slices.EqualFunc(q.Groups, p.Groups, sameGroup) || !q.Exists() {
		t.Errorf("members %v, groups %v", q.Members, q.Groups)
	}
	if got := q.Traits.Get(PathOf("address", "zip")).Number(); got != 53111 {
		t.Errorf("zip %v", got)
	}
	if _, err := codec.Decode("p", string(append([]byte{formatVersion + 1}, blob[1:]...))); err == nil {
		t.Error("a later format was read")
	}
}

// TestSchemaChange decodes under another rule set: dropped series are gone,
// retired segments are kept by number, what is back is back at its number.
func TestSchemaChange(t *testing.T) {
	old := everySeries(1000)
	first, names := NewCodec(old, []string{"a", "b", "c"}, nil)
	if len(names) != len(old.Series)+3 {
		t.Fatalf("%d names", len(names))
	}
	blob := first.Append(nil, goldenProfile(t, old), start+2)

	fewer := NewSchema(nil, []Series{seriesOf(KeepSlidingNumbers, 1000), {Key: "new", Name: "B"}})
	second, added := NewCodec(fewer, []string{"c", "d"}, names)
	if len(added) != 2 {
		t.Fatalf("added %v", added)
	}
	p, err := second.Decode("p", string(blob))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Read(fewer, Query{Series: 0, Reduce: ReduceSum, From: 1000}, start+2).Number(); got != 11.5 || len(p.kept) != 1 {
		t.Errorf("sum %v, %d series", got, len(p.kept))
	}
	if !p.Members.Has(0) || p.Members.Count() != 1 || len(p.Retired) != 1 || second.Segment(p.Retired[0]) != "a" {
		t.Errorf("members %v, retired %v", p.Members, p.Retired)
	}
	// A segment that comes back finds its members where they were.
	third, added := NewCodec(old, []string{"b", "a"}, append(names, added...))
	if len(added) != 0 {
		t.Fatalf("added %v", added)
	}
	q, err := third.Decode("p", string(second.Append(nil, p, start+2)))
	if err != nil {
		t.Fatal(err)
	}
	if !q.Members.Has(1) || q.Members.Count() != 1 || len(q.Retired) != 1 || third.Segment(q.Retired[0]) != "c" {
		t.Errorf("members %v, retired %v", q.Members, q.Retired)
	}
}

// TestDecodeRefuses cuts a blob short at every byte and lengthens it.
func TestDecodeRefuses(t *testing.T) {
	schema := everySeries(1000)
	codec := codecOf(schema)
	blob := codec.Append(nil, goldenProfile(t, schema), start+2)
	for n := range blob {
		if _, err := codec.Decode("p", string(blob[:n])); err == nil {
			t.Errorf("the first %d of %d bytes were read as a profile", n, len(blob))
		}
	}
	if _, err := codec.Decode("p", string(append(blob, 0))); err == nil {
		t.Error("a byte too many was read")
	}
}

// TestMalformedTraits refuses paths that no profile has: out of order, twice,
// and with a byte that is not escaped.
func TestMalformedTraits(t *testing.T) {
	schema := everySeries(1000)
	codec := codecOf(schema)
	p := New("p")
	apply(t, p, schema, Default(), identify(start, object("ab", event.BoolOf(true), "cd", event.BoolOf(true))))
	blob := string(codec.Append(nil, p, start))
	if _, err := codec.Decode("p", blob); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range [][2]string{{"cd", "aa"}, {"cd", "ab"}, {"cd", "c\x01"}, {"ab", "\x01a"}} {
		if _, err := codec.Decode("p", strings.Replace(blob, wrong[0], wrong[1], 1)); err == nil {
			t.Errorf("%q in place of %q was read", wrong[1], wrong[0])
		}
	}
}

// lumpOfValues is a blob with a lump in a series of values, which has none.
const lumpOfValues = "\x01000000\x02\b\x02\x01\x040000\x00\x03000000000000000000000000000\b\a\x00\x00\x00\x01\x80\xa4\xb5\xb2\xb5x00\x00\x00\x000\x03000\x03\x0400000000\x030\x01\x00\x000\x00\x00\x03\x0200\x0200\t000000000\x000\x010\x00\x01\t000000000\x000\x010\x00\x01\x0200\x000\x03000\x00\x00\x000\x03000\x03\x0400000000\x030\x01\x00\x000\x03000\x00\x03\t000000000\x0200\x0200\x00"

// FuzzDecode demands that no blob does harm: it is refused, or read as a
// profile that can be asked and changed, and that encodes to itself.
func FuzzDecode(f *testing.F) {
	schema := everySeries(1000)
	codec := codecOf(schema)
	golden, err := hex.DecodeString(goldenBlob)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	for _, older := range []string{goldenBlob1, goldenBlob2} {
		blob, err := hex.DecodeString(older)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(blob)
	}
	f.Add(codec.Append(nil, New("p"), 0))
	f.Add([]byte(lumpOfValues))
	f.Fuzz(func(t *testing.T, blob []byte) {
		p, err := codec.Decode("p", string(blob))
		if err != nil {
			return
		}
		const now = start + 2
		again := codec.Append(nil, p, now)
		if base, tail := Cut(string(again)); base+tail != string(again) || tail != string(p.Tail()) || !Fits(base+tail) {
			t.Fatalf("cut into %q and %q", base, tail)
		}
		q := decoded(t, codec, p, now)
		if string(codec.Append(nil, q, now)) != string(again) {
			t.Fatal("a decoded profile does not encode to itself")
		}
		for i, s := range schema.Series {
			for _, reduce := range reductions[s.Keep] {
				query := Query{Series: i, Reduce: reduce, From: 1000, To: 10}
				p.Read(schema, query, now)
				p.NextChange(schema, query, now)
				p.Around(schema, query, now)
				var ahead Lookout
				cells := thresholds{1, 3}
				ahead.Next(p, schema, query, now, cells, cells.Cell(p.Read(schema, query, now)), 64)
			}
		}
		for _, number := range p.Retired {
			codec.Segment(number)
		}
		p.Traits.Get(PathOf("address"))
		cfg := Default()
		for _, ev := range []event.Event{track(start-500, 1), track(now, 2), identify(now, object("address", event.NumberOf(1)))} {
			var changed Changed
			p.Apply(schema, &cfg, &ev, now, &changed)
		}
		codec.Append(nil, p, now)
	})
}

// TestMembersAreWrittenAlikeInAnyWay compares the short way, for numbers that
// stand in order, with the general one, on random memberships and conditions
// behind them.
func TestMembersAreWrittenAlikeInAnyWay(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		var ids []string
		for i := range random.IntN(300) {
			ids = append(ids, fmt.Sprint("segment ", i))
		}
		short, _ := NewCodec(NewSchema(nil, nil), ids, nil)
		if !short.segments.ascending {
			t.Fatal("new names are not numbered in order")
		}
		general := *short
		general.segments.ascending = false
		p := New("p")
		for i := range random.IntN(len(ids) + 80) {
			p.Members.Set(i, random.IntN(3) == 0)
		}
		if got, want := short.appendMembers(nil, p), general.appendMembers(nil, p); !bytes.Equal(got, want) {
			t.Fatalf("%d segments, members %b: %x, want %x", len(ids), p.Members, got, want)
		}
	}
}
