package profile

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"muster/event"
)

var updatePatch = flag.Bool("update-patch", false, "write the golden patch anew")

// goldenPatch is that of a tale, up to a seam in its middle.
func goldenPatch(t *testing.T) (*Schema, *Patch) {
	schema, cfg := mergedSchema(), Default()
	log := drawTale(rand.New(rand.NewPCG(7, 7)), 130)
	return schema, log.patch(t, schema, &cfg, log[:110].clock())
}

// goldenPatches are patches of every version, by their files.
func goldenPatches(t *testing.T) map[string]*Patch {
	_, plain := goldenPatch(t)
	_, telling := goldenPatch(t)
	return map[string]*Patch{"testdata/patch1.hex": plain, "testdata/patch2.hex": tells(t, telling, start)}
}

// TestPatchGolden: a patch may lie on a topic while programs are upgraded, so
// its form is only changed together with its version.
func TestPatchGolden(t *testing.T) {
	for file, patch := range goldenPatches(t) {
		t.Run(file, func(t *testing.T) { comparePatch(t, file, patch) })
	}
}

func comparePatch(t *testing.T, file string, patch *Patch) {
	t.Helper()
	got := patch.Append(nil)
	if *updatePatch {
		if err := os.WriteFile(file, []byte(hex.EncodeToString(got)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the form has changed: raise its version\ngot  %x\nwant %x", got, want)
	}
	again, err := DecodePatch(want)
	if err != nil || !bytes.Equal(again.Append(nil), want) {
		t.Errorf("it does not read back: %v", err)
	}
}

// TestPatchRefusesDamage cuts a patch everywhere and changes its version.
func TestPatchRefusesDamage(t *testing.T) {
	for file, patch := range goldenPatches(t) {
		t.Run(file, func(t *testing.T) { refusesDamage(t, patch) })
	}
}

func refusesDamage(t *testing.T, patch *Patch) {
	t.Helper()
	whole := patch.Append(nil)
	for n := range whole {
		if _, err := DecodePatch(whole[:n]); err == nil {
			t.Fatalf("cut at %d of %d it is read", n, len(whole))
		}
	}
	if _, err := DecodePatch(append(bytes.Clone(whole), 0)); err == nil {
		t.Error("with a byte too many it is read")
	}
	newer := bytes.Clone(whole)
	newer[0] = 3
	if _, err := DecodePatch(newer); err == nil || !strings.Contains(err.Error(), "version 3, of which this program reads 1 to 2: upgrade it") {
		t.Errorf("of version 3: %v", err)
	}
	twice := *patch
	twice.series = append(slices.Clone(patch.series), patch.series[0])
	if _, err := DecodePatch(twice.Append(nil)); err == nil {
		t.Error("with a series twice it is read")
	}
	twice = *patch
	twice.conditions = []patchCondition{{"h:c", true, 5}, {"h:c", false, 0}}
	if _, err := DecodePatch(twice.Append(nil)); err == nil {
		t.Error("with a condition twice it is read")
	}
	twice.conditions = []patchCondition{{"h:c", false, 5}}
	if _, err := DecodePatch(twice.Append(nil)); err == nil {
		t.Error("with an instant since when a condition is not true it is read")
	}
}

// FuzzPatch: whatever is read can be written, and either does not fit or can
// be merged.
func FuzzPatch(f *testing.F) {
	schema, cfg := tellingSchema(), Default()
	names := namesOf(schema)
	log := drawTale(rand.New(rand.NewPCG(7, 7)), 130)
	f.Add(log.patch(&testing.T{}, schema, &cfg, log[:110].clock()).Append(nil))
	f.Add(tells(&testing.T{}, log.patch(&testing.T{}, schema, &cfg, log[:110].clock()), start).Append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		patch, err := DecodePatch(data)
		if err != nil {
			return
		}
		again, err := DecodePatch(patch.Append(nil))
		if err != nil || !reflect.DeepEqual(again, patch) {
			t.Fatalf("it does not read back: %v", err)
		}
		seam := NewSeam("run", patch.At, false, names, schema)
		if seam.Check(patch, schema) != nil {
			return
		}
		p := New("p")
		way, err := p.Retrace(schema, &cfg, heldFrom, &seam, patch)
		if err != nil {
			t.Fatal(err)
		}
		if p.Merge(schema, &cfg, &seam, patch, patch.At, &Changed{}); way != nil {
			p.MergeHeld(heldFrom, &seam, patch, way.Profile)
		}
		codec := codecOf(schema).Across(Seams{seam})
		if _, err := codec.Decode("p", string(codec.Append(nil, p, patch.At))); err != nil {
			t.Fatalf("merged it can't be stored: %v", err)
		}
	})
}

func TestCheckSaysWhatDoesNotFit(t *testing.T) {
	schema, patch := goldenPatch(t)
	_, names := allSeries(schema)
	good := NewSeam("run", patch.At, false, names, schema)
	if err := good.Check(patch, schema); err != nil {
		t.Fatal(err)
	}
	elsewhere := NewSeam("run", patch.At+1, false, names, schema)
	fewer := NewSeam("run", patch.At, false, names[1:], schema)
	longer := slices.Clone(schema.Series)
	for i := range longer {
		longer[i].Window *= 2
	}
	wider := NewSchema(schema.Traits, longer)
	all := slices.Clone(schema.Series)
	for i := range all {
		all[i].Newest = 0
	}
	whole := NewSchema(schema.Traits, all)
	damaged := *patch
	damaged.series = slices.Clone(patch.series)
	damaged.series[0].encoded = damaged.series[4].encoded
	for _, c := range []struct {
		seam   Seam
		patch  *Patch
		schema *Schema
		says   string
	}{
		{elsewhere, patch, schema, "was made for a seam at"},
		{fewer, patch, schema, "is none that run"},
		{NewSeam("run", patch.At, false, names, wider), patch, wider, "shorter window"},
		{NewSeam("run", patch.At, false, names, whole), patch, whole, "shorter window"},
		{good, &damaged, schema, "damaged"},
		{good, &Patch{At: patch.At}, schema, "of no event"},
	} {
		if err := c.seam.Check(c.patch, c.schema); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v does not say %q", err, c.says)
		}
	}
	less := NewSchema(schema.Traits, schema.Series[1:])
	seam := NewSeam("run", patch.At, false, names, less)
	if err := seam.Check(patch, less); err != nil {
		t.Errorf("a series that no rule asks for any more: %v", err)
	}
}

// TestMergeKeepsBounds: past them detail is given up as it is for events, and
// what is merged can be stored and goes on.
func TestMergeKeepsBounds(t *testing.T) {
	schema := mergedSchema()
	_, names := allSeries(schema)
	cfg := Default()
	cfg.Entries, cfg.StateBytes, cfg.MessageIDs, cfg.Traits, cfg.Groups, cfg.GroupTraits = 16, 4096, 16, 3, 2, 3
	relieved := 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 17))
		log := drawTale(r, 300)
		at := len(log) / 2
		seam := log[:at].clock()
		l := &live{Profile: New("p"), schema: schema, cfg: cfg, now: seam}
		for _, ev := range log[:at/2] {
			l.take(ev)
		}
		l.seams = Seams{NewSeam("run", seam, false, names, schema)}
		for _, ev := range log[at:] {
			l.take(ev)
		}
		var changed Changed
		l.Merge(schema, &cfg, &l.seams[0], log.patch(t, schema, &cfg, seam), l.now, &changed)
		if changed.Relieved {
			relieved++
		}
		if l.stateBytes > cfg.StateBytes || l.seen.count > cfg.MessageIDs || l.Traits.Len() > cfg.Traits || len(l.Groups) > cfg.Groups {
			t.Fatalf("seed %d: %d bytes, %d ids, %d traits, %d groups", seed, l.stateBytes, l.seen.count, l.Traits.Len(), len(l.Groups))
		}
		for i := range l.kept {
			if pts := l.decoded(&l.kept[i], schema); pts.len() > cfg.Entries || len(pts.lumps) > maxLumps {
				t.Fatalf("seed %d: series %d has %d entries, %d lumps", seed, i, pts.len(), len(pts.lumps))
			}
		}
		before := l.stateBytes
		l.store(t)
		if l.stateBytes != before {
			t.Fatalf("seed %d: %d bytes, and %d when read again", seed, before, l.stateBytes)
		}
	}
	if relieved == 0 {
		t.Error("nothing passed a bound")
	}
}

// TestMergeCountsWhatWasFolded: totals stay exact when single events are not
// kept any more.
func TestMergeCountsWhatWasFolded(t *testing.T) {
	schema := NewSchema(nil, []Series{seriesOf(KeepTotalNumbers, 0), seriesOf(KeepSlidingNumbers, 1000*hour)})
	cfg := Default()
	cfg.Entries = 16
	_, names := allSeries(schema)
	var log tale
	for i := range int64(200) {
		log = append(log, track(start+i*hour, float64(i)))
	}
	seam := log[99].Arrival
	l := &live{Profile: New("p"), schema: schema, cfg: cfg, now: seam, seams: Seams{NewSeam("run", seam, false, names, schema)}}
	for _, ev := range log[100:] {
		l.take(ev)
	}
	l.merge(t, log.patch(t, schema, &cfg, seam))
	for series := range schema.Series {
		for reduce, want := range map[Reduce]float64{ReduceSum: 19900, ReduceCount: 200, ReduceMin: 0, ReduceMax: 199} {
			got := l.Read(schema, Query{Series: series, Reduce: reduce, From: 1000 * hour}, l.now)
			if got.Kind() != event.KindNumber || got.Number() != want {
				t.Errorf("series %d, reduction %d: %v, want %v", series, reduce, got, want)
			}
		}
	}
}

// TestEndedRunsLeaveNothing: what was kept for a run goes with its seam, and
// the form of the blob is then the ordinary one.
func TestEndedRunsLeaveNothing(t *testing.T) {
	schema := mergedSchema()
	_, names := allSeries(schema)
	l := &live{Profile: New("p"), schema: schema, cfg: Default(), seams: Seams{NewSeam("run", start-1, false, names, schema)}}
	l.take(track(start, 1))
	plain := codecOf(schema)
	with := plain.Across(l.seams).Append(nil, l.Profile, l.now)
	if with[0] != shadowFormat {
		t.Fatalf("format %d", with[0])
	}
	p, err := plain.Across(Seams{NewSeam("run", start-1, true, names, schema)}).Decode("p", string(with))
	if err != nil || len(p.shadows) > 0 {
		t.Fatalf("%d shadows, %v", len(p.shadows), err)
	}
	want := plain.Append(nil, p, l.now)
	if want[0] != formatVersion {
		t.Fatalf("format %d", want[0])
	}
	identity := &Renumbering{Generation: func(g uint64) uint64 { return g }}
	for i := range plain.names {
		identity.Numbers = append(identity.Numbers, uint64(i))
	}
	got, err := identity.Append(nil, with)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("renumbered %x, %v\nwant %x", got, err, want)
	}
	for n := range with {
		if _, err := plain.Decode("p", string(with[:n])); err == nil {
			t.Fatalf("cut at %d it is read", n)
		}
	}
}

// TestRunsThatAreGivenUp: a profile that has got its patch leaves out what
// comes late, as history has it, and one that has not counts it. Nothing is
// kept behind such a seam, and no patch is taken.
func TestRunsThatAreGivenUp(t *testing.T) {
	schema := NewSchema(nil, []Series{seriesOf(KeepTotalNumbers, 0)})
	_, names := allSeries(schema)
	cfg := Default()
	var log tale
	for i := range int64(20) {
		log = append(log, track(start+i*hour, 1))
		log[i].MessageID = fmt.Sprint("m", i)
	}
	seam := log[9].Arrival
	for _, patched := range []bool{true, false} {
		l := &live{Profile: New("p"), schema: schema, cfg: cfg, now: seam, seams: Seams{NewSeam("run", seam, false, names, schema)}}
		if l.take(log[10]); patched {
			l.merge(t, log[:10].patch(t, schema, &cfg, seam))
		}
		l.seams = Seams{NewSeam("run", seam, false, names, schema)}
		l.seams[0].GivenUp = true
		l.store(t)
		if l.seams.Open("run", l.now) != nil {
			t.Fatal("a run that is given up takes patches")
		}
		late := log[3]
		late.MessageID = "late"
		l.take(late)
		l.take(log[11])
		l.store(t)
		want := map[bool]float64{true: 12, false: 3}[patched]
		if got := l.Read(schema, Query{Reduce: ReduceCount}, l.now); got.Number() != want {
			t.Errorf("patched %t: %v events, want %v", patched, got, want)
		}
		if len(l.shadows) > 0 != patched || patched && l.shadows[0].after.Exists() {
			t.Errorf("patched %t: %d shadows", patched, len(l.shadows))
		}
		l.now = seam + SeamLife + 1
		if l.store(t); len(l.shadows) > 0 {
			t.Errorf("patched %t: %d shadows are left after all", patched, len(l.shadows))
		}
	}
}

// TestARunIsKnownByItsSeam: what was kept for an earlier run of the same id
// counts for nothing.
func TestARunIsKnownByItsSeam(t *testing.T) {
	schema, cfg := mergedSchema(), Default()
	_, names := allSeries(schema)
	log := drawTale(rand.New(rand.NewPCG(3, 3)), 80)
	first, second := log[:30].clock(), log[:60].clock()
	l := &live{Profile: New("p"), schema: schema, cfg: cfg, now: first, seams: Seams{NewSeam("run", first, false, names, schema)}}
	for _, ev := range log[30:50] {
		l.take(ev)
	}
	l.merge(t, log.patch(t, schema, &cfg, first))
	for _, ev := range log[50:60] {
		l.take(ev)
	}
	l.now, l.seams = max(l.now, second), Seams{NewSeam("run", second, false, names, schema)}
	for _, ev := range log[60:70] {
		l.take(ev)
	}
	l.store(t)
	l.merge(t, log.patch(t, schema, &cfg, second))
	for _, ev := range log[70:] {
		l.take(ev)
	}
	if got, want := l.told(l.Profile), l.told(log.replayed(schema, &cfg, second)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	late := track(start-hour, 7)
	late.Arrival, l.now = second, second+SeamLife+1
	before := l.Read(schema, Query{Series: 0, Reduce: ReduceCount}, l.now).Number()
	if l.take(late); l.Read(schema, Query{Series: 0, Reduce: ReduceCount}, l.now).Number() != before+1 {
		t.Error("a month behind the seam an event is left out that arrived before it")
	}
}
