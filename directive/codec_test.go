package directive_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"muster/directive"
)

var update = flag.Bool("update", false, "write the golden file anew")

func samples() []directive.Directive {
	return []directive.Directive{
		{Kind: directive.Open, Run: "2026-11-27/vip", Series: []string{"a:00112233445566778899aabbccddeeff", "a:ffeeddccbbaa99887766554433221100"}},
		{Kind: directive.Patch, Run: "2026-11-27/vip", Profile: "user-1", Body: []byte{1, 2, 3, 0, 255}},
		{Kind: directive.Close, Run: "2026-11-27/vip", Since: 1767225600000},
		{Kind: directive.GiveUp, Run: "2026-11-27/vip"},
		{Kind: directive.Erase, Run: "erase-20261127T100000Z-0a1b2c3d", Profile: "user-1", Until: 1769817600000},
	}
}

func encode(t *testing.T, d *directive.Directive) []byte {
	t.Helper()
	b, err := directive.Append(nil, d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestGolden: what was written to a topic must stay readable, so the form is
// only ever changed together with its version.
func TestGolden(t *testing.T) {
	var all []byte
	for _, d := range samples() {
		b := encode(t, &d)
		all = append(append(all, byte(len(b))), b...)
	}
	file := filepath.Join("testdata", "directives.golden")
	if *update {
		if err := os.WriteFile(file, all, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(all, want) {
		t.Fatalf("the form has changed: raise its version\ngot  %x\nwant %x", all, want)
	}
	for _, d := range samples() {
		got, err := directive.Decode(want[1 : 1+int(want[0])])
		if err != nil || !reflect.DeepEqual(got, d) {
			t.Errorf("%+v reads as %+v, %v", d, got, err)
		}
		want = want[1+int(want[0]):]
	}
}

func TestDecodeNamesWhatIsWrong(t *testing.T) {
	good := encode(t, &samples()[0])
	newer := bytes.Clone(good)
	newer[1] = 9
	for _, c := range []struct {
		value []byte
		says  string
	}{
		{[]byte(`{"type":"track"}`), "is no directive"},
		{nil, "is no directive"},
		{newer, "version 9"},
		{good[:len(good)-1], "cut short"},
		{append(bytes.Clone(good), 0), "1 bytes too many"},
		{[]byte{0, 1, 7, 1, 'r'}, "kind 7"},
		{[]byte{0, 1, 3, 0, 0}, "id of the run or request has 0 bytes"},
		{[]byte{0, 1, 2, 1, 'r', 0}, "profile's id has 0 bytes"},
		{[]byte{0, 1, 5, 1, 'r', 0, 0}, "profile's id has 0 bytes"},
		{[]byte{0, 1, 5, 1, 'r', 1, 'p'}, "cut short"},
	} {
		if _, err := directive.Decode(c.value); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%x: %v does not say %q", c.value, err, c.says)
		}
	}
}

func TestAppendRefusesWhatDecodeWould(t *testing.T) {
	for _, d := range []directive.Directive{
		{Kind: 0, Run: "r"},
		{Kind: directive.Open},
		{Kind: directive.Open, Run: strings.Repeat("r", directive.MaxRun+1)},
		{Kind: directive.Open, Run: "r", Series: make([]string, directive.MaxSeries+1)},
		{Kind: directive.Patch, Run: "r"},
		{Kind: directive.Erase, Run: "r"},
		{Kind: directive.Patch, Run: "r", Profile: strings.Repeat("p", directive.MaxProfile+1)},
		{Kind: directive.Patch, Run: "r", Profile: "p", Body: make([]byte, directive.MaxBytes)},
	} {
		if b, err := directive.Append(nil, &d); err == nil || len(b) > 0 {
			t.Errorf("kind %d of run %.5q was written", d.Kind, d.Run)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, d := range samples() {
		b, err := directive.Append(nil, &d)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{0, 1, 1, 1, 'r', 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, value []byte) {
		d, err := directive.Decode(value)
		if err != nil {
			return
		}
		b, err := directive.Append(nil, &d)
		if err != nil {
			t.Fatalf("what was read can't be written: %v", err)
		}
		again, err := directive.Decode(b)
		if err != nil || !reflect.DeepEqual(again, d) {
			t.Fatalf("%+v reads back as %+v, %v", d, again, err)
		}
	})
}
