package sink

import (
	"slices"
	"testing"

	"muster/pipeline"
)

// Every cause has a number, and what is written is read again.
func TestChronicledChangesAreReadAsTheyWereWritten(t *testing.T) {
	causes := []pipeline.Cause{
		pipeline.CauseEvent, pipeline.CauseTime, pipeline.CauseRules, pipeline.CauseBackfill, pipeline.CauseErased,
	}
	for _, cause := range causes {
		if !slices.Contains(chronicleCauses, cause) {
			t.Errorf("the cause %s has no number", cause)
		}
		for i, id := range []string{"u", "\x00\xff ", string(make([]byte, 4096))} {
			want := pipeline.Change{Segment: "vip", Profile: id, Entered: i%2 == 0, At: 1_795_000_123_456, Version: 1 << 40, Cause: cause}
			if cause == pipeline.CauseBackfill {
				want.Run = "run-1"
			}
			text := string(appendChronicled(nil, &want))
			if got, err := chronicledOf(dayOf(want.At), text); err != nil || got != want {
				t.Errorf("%+v is read as %+v, %v", want, got, err)
			}
			for n := range min(len(text), 8) {
				if _, err := chronicledOf(0, text[:n]); err == nil {
					t.Errorf("the first %d bytes are taken for an entry", n)
				}
			}
		}
	}
}

// An entry is of the part that the name of its profile's erasure tells.
func TestTheNameOfAnErasureTellsThePart(t *testing.T) {
	for _, id := range []string{"", "u1", "customer-4711"} {
		part, ok := pipeline.ErasedPartOf(pipeline.ErasedName(id))
		if !ok || int(part)%chronicleParts != chroniclePart(id) {
			t.Errorf("%q is of part %d, and its erasure of %d", id, chroniclePart(id), part)
		}
	}
	for _, name := range []string{"", "e:", "e:x", "s:vip"} {
		if _, ok := pipeline.ErasedPartOf(name); ok {
			t.Errorf("%q is taken for an erasure", name)
		}
	}
}
