package outbox_test

import (
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"

	"muster/test/kit/outbox"
)

// The golden entry of package sink, and an entry with a change of its own.
func TestChanges(t *testing.T) {
	text, err := os.ReadFile("../../../sink/testdata/outbox1.hex")
	if err != nil {
		t.Fatal(err)
	}
	packed, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	got, err := outbox.Changes(map[string]any{"changes": string(packed)})
	want := []outbox.Change{
		{Profile: "ann", Segment: "buyers", Cause: "event", Entered: true, At: 1_700_000_000_000, Version: 1},
		{Profile: "ann", Segment: "vip", Cause: "event", Entered: true, At: 1_700_000_000_000, Version: 2},
		{Profile: "bob\x00\xff", Segment: "buyers", Cause: "time", At: 1_699_999_999_000, Version: 300},
		{Profile: "cäsar", Segment: "vip", Cause: "backfill", Run: "run-1", Entered: true, At: -5, Version: 1 << 60},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	fields := map[string]any{"profile": "p", "segment": "vip", "kind": "exited", "at": "5", "version": "2", "cause": "time", "offset": "7"}
	got, err = outbox.Changes(fields)
	if want := (outbox.Change{Profile: "p", Segment: "vip", Cause: "time", At: 5, Version: 2}); err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, fields := range []map[string]any{{"changes": "\x02"}, {"kind": "gone"}, {"kind": "exited", "at": "soon"}} {
		if got, err := outbox.Changes(fields); err == nil {
			t.Errorf("%q is read as %+v", fields, got)
		}
	}
}
