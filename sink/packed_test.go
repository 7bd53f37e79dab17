package sink

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"muster/pipeline"
)

// packedSample is what testdata/outbox1.hex holds, an entry with the id 9-12.
// The third change was removed.
func packedSample() []pipeline.Change {
	return []pipeline.Change{
		{Segment: "buyers", Profile: "ann", Entered: true, At: 1_700_000_000_000, Version: 1, Cause: pipeline.CauseEvent},
		{Segment: "vip", Profile: "ann", Entered: true, At: 1_700_000_000_000, Version: 2, Cause: pipeline.CauseEvent},
		{Segment: "vip", Profile: "forgotten", Entered: true, At: 1_700_000_000_500, Version: 7, Cause: pipeline.CauseEvent},
		{Segment: "buyers", Profile: "bob\x00\xff", At: 1_699_999_999_000, Version: 300, Cause: pipeline.CauseTime},
		{Segment: "vip", Profile: "cäsar", Entered: true, At: -5, Version: 1 << 60, Cause: pipeline.CauseBackfill, Run: "run-1"},
	}
}

func packed(changes []pipeline.Change) []byte {
	var p packer
	b := p.begin(nil, len(changes))
	for i := range changes {
		b = p.add(b, &changes[i])
	}
	return b
}

// unpackAll reads an entry whose last change has a number.
func unpackAll(data []byte, number int64) (changes []pipeline.Change, numbers []int64, err error) {
	var u unpacker
	if err := u.begin(data, number); err != nil {
		return nil, nil, err
	}
	var c packedChange
	for u.next(&c) {
		if c.removed {
			continue
		}
		own := pipeline.Change{
			Segment: string(u.texts[c.segment]), Profile: string(c.profile), Entered: c.entered, At: c.at, Version: c.version,
			Cause: pipeline.Cause(u.texts[c.cause]),
		}
		if c.run >= 0 {
			own.Run = string(u.texts[c.run])
		}
		changes, numbers = append(changes, own), append(numbers, c.number)
	}
	return changes, numbers, u.err
}

func goldenPacked(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/outbox1.hex")
	if err != nil {
		t.Fatal(err)
	}
	data, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// What version 1 has written is read for good, and still written so.
func TestPackedFormIsKept(t *testing.T) {
	all := packedSample()
	written, removed, left, err := repack(packed(all), 12, func(profile string, _ uint64) bool { return profile == "forgotten" })
	if err != nil || removed != 1 || left != 4 {
		t.Fatalf("%d are removed and %d left, %v", removed, left, err)
	}
	golden := goldenPacked(t)
	if !bytes.Equal(written, golden) {
		t.Errorf("written is\n%x\nand was\n%x", written, golden)
	}
	changes, numbers, err := unpackAll(golden, 12)
	if want := slices.Delete(all, 2, 3); err != nil || !reflect.DeepEqual(changes, want) || !slices.Equal(numbers, []int64{8, 9, 11, 12}) {
		t.Errorf("read are %+v with the numbers %d, %v", changes, numbers, err)
	}
	if !packedNames(string(golden), "ann") || packedNames(string(golden), "an") || packedNames(string(golden), "forgotten") || packedNames(string(golden), "vip") {
		t.Error("who is named is not told")
	}
}

// What is cut off anywhere, goes on too long or is of another version is an
// error.
func TestPackedFormIsChecked(t *testing.T) {
	golden := goldenPacked(t)
	for length := range golden {
		if changes, _, err := unpackAll(golden[:length], 12); err == nil {
			t.Errorf("of %d bytes %v is read", length, changes)
		}
	}
	first := []byte{packedVersion, 1, flagThere, 0, 1, 'c', 0, 1, 's', 1, 'p', 0, 1}
	if _, _, err := unpackAll(first, 1); err != nil {
		t.Fatal(err)
	}
	change := func(at int, to byte) []byte {
		b := bytes.Clone(first)
		b[at] = to
		return b
	}
	for name, data := range map[string][]byte{
		"too long": append(bytes.Clone(golden), 0), "no changes": {packedVersion, 0}, "more changes than bytes": {packedVersion, 100, 0},
		"an unknown flag": change(2, flagThere|flagRun<<1), "flags of none": change(2, flagEntered), "the profile of none": change(2, flagThere|flagSame),
		"an unknown text": change(3, 9), "a text that is too long": change(4, 200),
	} {
		if changes, _, err := unpackAll(data, 12); !errors.Is(err, errPacked) {
			t.Errorf("%s: %v, %v", name, changes, err)
		}
	}
	if _, _, err := unpackAll(change(0, packedVersion+1), 1); !errors.Is(err, errPackedVersion) {
		t.Errorf("another version: %v", err)
	}
	if _, _, err := unpackAll(golden, 4); err == nil {
		t.Error("five changes are read of an entry with the number 4")
	}
}

// An entry has so many changes at most, and so many bytes, but always one.
func TestPackedEntriesAreBounded(t *testing.T) {
	long := pipeline.Change{Profile: strings.Repeat("p", packedBytes)}
	for _, one := range []struct {
		changes []pipeline.Change
		want    int
	}{
		{make([]pipeline.Change, 3), 3}, {make([]pipeline.Change, packedMost+1), packedMost},
		{[]pipeline.Change{long, long}, 1}, {[]pipeline.Change{{}, long}, 1}, {nil, 0},
	} {
		if got := packable(one.changes); got != one.want {
			t.Errorf("%d of %d go into an entry, want %d", got, len(one.changes), one.want)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(goldenPacked(f), int64(12))
	f.Add(packed(packedSample()), int64(1<<40))
	f.Add([]byte{packedVersion, 2, 0, 0}, int64(2))
	f.Fuzz(func(t *testing.T, data []byte, number int64) {
		changes, numbers, err := unpackAll(data, number)
		if err != nil {
			return
		}
		none := func(string, uint64) bool { return false }
		again, _, left, err := repack(data, number, none)
		if err != nil || left != len(changes) {
			t.Fatalf("%d of %d changes are left, %v", left, len(changes), err)
		}
		same, sameNumbers, err := unpackAll(again, number)
		if err != nil || !reflect.DeepEqual(same, changes) || !slices.Equal(sameNumbers, numbers) {
			t.Fatalf("%+v became %+v, %v", changes, same, err)
		}
	})
}
