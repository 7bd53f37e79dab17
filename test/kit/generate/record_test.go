package generate_test

import (
	"math/rand/v2"
	"testing"

	"muster/event"
	"muster/test/kit/generate"
)

// TestRecords demands of every event that its record decodes to it, whatever
// else is in the record.
func TestRecords(t *testing.T) {
	decoder, err := event.NewDecoder(event.Default())
	if err != nil {
		t.Fatal(err)
	}
	decoder.ReadContext(generate.ContextFields) // clients that are not careful put traits there too
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		want := generate.Event(r, []string{"a", "b"}, generate.Start)
		record := string(generate.Record(&want, nil))
		decoder.Reset()
		got, rejected := decoder.Decode(nil, nil, generate.Record(&want, map[string]any{"serial": 7, "previousId": "before"}), 0, 0)
		if len(got) != 1 {
			t.Fatalf("%s: %v", record, rejected)
		}
		again := string(generate.Record(&got[0], nil))
		if again != record || got[0].Name != want.Name || got[0].Time != want.Time || got[0].Arrival != want.Arrival {
			t.Fatalf("%s\nwas decoded as %s", record, again)
		}
		odd := generate.Odd(r, &want)
		got, rejected = decoder.Decode(nil, nil, odd, 0, 0)
		if len(got) != 1 {
			t.Fatalf("%s: %v", odd, rejected)
		}
		if again := string(generate.Record(&got[0], nil)); again != record || got[0].StoodIn || got[0].OtherID != "" {
			t.Fatalf("%s, oddly\n%s\nwas decoded as %s", record, odd, again)
		}
	}
}
