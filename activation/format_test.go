package activation

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "rewrite the expected bodies in testdata")

// golden are changes with what a body has to stand: one profile twice, both
// ways, signs to escape, bytes that are no UTF-8, and numbers at their ends.
var golden = []Change{
	{Number: 1, Profile: "u1", Segment: "vip", Entered: true, At: 1763719200000, Version: 7, Cause: "event"},
	{Number: 2, Profile: "u2", Segment: "vip", Entered: false, At: 1763719200001, Version: 1, Cause: "time"},
	{Number: 3, Profile: "u1", Segment: "churn-early", Entered: false, At: 1763719205999, Version: 8, Cause: "rules"},
	{Number: 4, Profile: "u1", Segment: "vip", Entered: false, At: 1763719206000, Version: 9, Cause: "event"},
	{Number: 5, Profile: "a\"b\\c\nd\x00é\u2028\xff\xfe", Segment: "vip", Entered: true, At: -1, Version: math.MaxUint64, Cause: "event"},
}

// both is a template for one change and for many.
const both = `{{define "one"}}{"who":"{{.Profile}}","what":{{json .Segment}},"in":{{.Entered}},"at":{{.At}},"time":"{{.Time}}",` +
	`"v":{{.Version}},"why":{{if eq .Cause "event"}}null{{else}}{{json (printf "%s" .Cause)}}{{end}},"all":{{json .}}}{{end -}}
{{if eq (printf "%T" .) "activation.TemplateChange"}}{{template "one" .}}{{else}}[{{range $i, $c := .}}{{if $i}},{{end}}{{template "one" $c}}{{end}}]{{end}}
`

// all returns every format by name.
func all(t *testing.T) map[string]Format {
	t.Helper()
	formats := map[string]Format{}
	for _, name := range Formats() {
		formats[name], _ = FormatNamed(name)
	}
	for _, batch := range []bool{false, true} {
		format, err := TemplateFormat(both, batch)
		if err != nil {
			t.Fatal(err)
		}
		formats[templated] = format
	}
	return formats
}

// TestGolden compares bodies with those in testdata, to the byte.
func TestGolden(t *testing.T) {
	for name, format := range all(t) {
		for what, changes := range map[string][]Change{"entered": golden[:1], "exited": golden[1:2], "odd": golden[4:], "batch": golden} {
			body, contentType, err := format.Encode(changes, what == "batch")
			if err != nil || contentType != "application/json" {
				t.Fatalf("%s: %s, error %v", name, contentType, err)
			}
			file := filepath.Join("testdata", name+"-"+what+".json")
			if *update {
				if err := os.WriteFile(file, append(body, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(body)+"\n" != string(want) {
				t.Errorf("%s: got\n%s\nwant\n%s", file, body, want)
			}
		}
	}
}

// someChanges returns changes with any ids.
func someChanges(r *rand.Rand, most int) []Change {
	changes := make([]Change, 1+r.IntN(most))
	for i := range changes {
		changes[i] = Change{
			Profile: someText(r), Segment: someText(r), Entered: r.IntN(2) == 0, Version: r.Uint64() >> r.IntN(64),
			At: int64(r.Uint64()) >> r.IntN(64), Cause: []string{"event", "time", "rules", someText(r)}[r.IntN(4)],
		}
		if i > 0 && r.IntN(3) == 0 {
			changes[i].Profile = changes[i-1].Profile
		}
		if i > 0 && r.IntN(3) == 0 {
			changes[i].Segment = changes[i-1].Segment
		}
	}
	return changes
}

func someText(r *rand.Rand) string {
	b := make([]byte, r.IntN(12))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	if r.IntN(2) == 0 {
		return string(bytes.ToValidUTF8(b, []byte("\u2029\"<")))
	}
	return string(b)
}

// TestEncodeAny: for any changes a body is JSON in UTF-8, has all of them, and
// has the same bytes again.
func TestEncodeAny(t *testing.T) {
	r, everyFormat := rand.New(rand.NewPCG(1, 2)), all(t)
	for range 2000 {
		changes := someChanges(r, 5)
		for name, format := range everyFormat {
			batch := len(changes) > 1 || r.IntN(2) == 0
			kept := slices.Clone(changes)
			body, _, err := format.Encode(changes, batch)
			again, _, _ := format.Encode(kept, batch)
			switch {
			case err != nil:
				t.Fatalf("%s: %+v: %v", name, changes, err)
			case !json.Valid(body) || !utf8.Valid(body):
				t.Fatalf("%s: %+v: no JSON: %q", name, changes, body)
			case !bytes.Equal(body, again) || !slices.Equal(changes, kept):
				t.Fatalf("%s: %+v: other bytes the second time", name, changes)
			}
		}
	}
}

// TestTextIsThatOfJSON compares texts with what encoding/json makes of them.
func TestTextIsThatOfJSON(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	texts := []string{"", "plain", "\x00\x1f\x7f", "\u2028\u2029\u2027\u202a", "\ufffd", "é\xffé", "\xe2\x80", "\xed\xa0\x80", "</script>&", "😀"}
	for range 5000 {
		texts = append(texts, someText(r))
	}
	for _, text := range texts {
		var got, want string
		if err := json.Unmarshal(appendText(nil, text), &got); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if b, err := json.Marshal(text); err != nil || json.Unmarshal(b, &want) != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got != want {
			t.Errorf("%q reads as %q, want %q", text, got, want)
		}
	}
	if got := string(appendText(nil, "\u2027\u2028\u2029\u202a")); got != `"`+"\u2027"+`\u2028\u2029`+"\u202a"+`"` {
		t.Errorf("ends of lines of JavaScript's: %s", got)
	}
}

// TestMusterSaysAll reads the changes back from both forms of Muster's own format.
func TestMusterSaysAll(t *testing.T) {
	type change struct {
		Type, Profile, Segment, At, Cause string
		Version                           uint64
	}
	want := func(c Change, at string) change {
		return change{map[bool]string{true: "audience.entered", false: "audience.exited"}[c.Entered], c.Profile, c.Segment, at, c.Cause, c.Version}
	}
	muster, _ := FormatNamed("muster")
	body, _, err := muster.Encode(golden[:1], false)
	var single change
	if err != nil || json.Unmarshal(body, &single) != nil || single != want(golden[0], "2025-11-21T10:00:00.000Z") {
		t.Errorf("%s, error %v", body, err)
	}
	var all struct {
		Type    string
		Changes []change
	}
	body, _, err = muster.Encode(golden[:2], true)
	if err != nil || json.Unmarshal(body, &all) != nil || all.Type != "audience.changes" ||
		!slices.Equal(all.Changes, []change{want(golden[0], "2025-11-21T10:00:00.000Z"), want(golden[1], "2025-11-21T10:00:00.001Z")}) {
		t.Errorf("%s, error %v", body, err)
	}
}

// TestMusterSaysRuns has what a snapshot run sends.
func TestMusterSaysRuns(t *testing.T) {
	const at = 1763719200000
	changes := []Change{
		{Run: "r", At: at, Cause: causeSnapshot, Part: &Part{Number: 3, Of: 12}},
		{Profile: "u1", Segment: "vip", Entered: true, At: at, Version: 7, Cause: causeSnapshot, Run: "r"},
		{Run: "r", At: at, Cause: causeSnapshot, Part: &Part{Number: 3, Of: 12, Ended: true, Members: 1}},
	}
	const want = `{"type":"audience.changes","changes":[` +
		`{"type":"audience.snapshot_started","run":"r","part":3,"parts":12,"at":"2025-11-21T10:00:00.000Z"},` +
		`{"type":"audience.entered","profile":"u1","segment":"vip","version":7,"at":"2025-11-21T10:00:00.000Z","cause":"snapshot","run":"r"},` +
		`{"type":"audience.snapshot_completed","run":"r","part":3,"parts":12,"members":1,"at":"2025-11-21T10:00:00.000Z"}]}`
	muster, _ := FormatNamed("muster")
	if body, _, err := muster.Encode(changes, true); err != nil || string(body) != want {
		t.Errorf("%s, %v", body, err)
	}
	ids := map[string]bool{}
	for i := range changes {
		ids[MessageID("crm", changes[i:i+1])] = true
	}
	other := changes[1]
	other.Run = "s"
	if ids[MessageID("crm", []Change{other})] = true; len(ids) != 4 {
		t.Errorf("%d ids, want 4", len(ids))
	}
}

// TestTimes keeps every time within what RFC 3339 can say.
func TestTimes(t *testing.T) {
	for ms, want := range map[int64]string{
		0: `"1970-01-01T00:00:00.000Z"`, 1: `"1970-01-01T00:00:00.001Z"`, math.MinInt64: `"0000-01-01T00:00:00.000Z"`, math.MaxInt64: `"9999-12-31T23:59:59.999Z"`,
	} {
		if got := string(appendTime(nil, ms)); got != want {
			t.Errorf("%d: %s, want %s", ms, got, want)
		}
	}
}

// TestSegmentsLimits: the largest batch of usual ids fits into what Segment takes.
func TestSegmentsLimits(t *testing.T) {
	changes := make([]Change, MaxBatch)
	for i := range changes {
		changes[i] = Change{Profile: strings.Repeat("u", 100), Segment: strings.Repeat("s", 64), At: 1763719200000, Version: 1 << 40, Cause: "event"}
	}
	for _, name := range []string{"segment-track", "segment-identify"} {
		format, _ := FormatNamed(name)
		if body, _, err := format.Encode(changes, true); err != nil || len(body) > 500_000 {
			t.Errorf("%s: %d bytes, error %v", name, len(body), err)
		}
	}
}

// TestMParticleNewest: of a profile's audience the change of the highest
// version is told, wherever it stands.
func TestMParticleNewest(t *testing.T) {
	groups := byProfile([]Change{
		{Profile: "b", Segment: "x", Version: 2}, {Profile: "a", Segment: "x", Version: 5}, {Profile: "b", Segment: "y", Version: 3},
		{Profile: "b", Segment: "x", Version: 4}, {Profile: "a", Segment: "x", Version: 4},
	})
	got := ""
	for _, group := range groups {
		for _, c := range group {
			got += fmt.Sprint(c.Profile, c.Segment, c.Version, " ")
		}
	}
	if got != "bx4 by3 ax5 " {
		t.Errorf("got %s", got)
	}
}

func TestAudienceNumber(t *testing.T) {
	if audienceNumber("vip") != 643002601 {
		t.Errorf("%d: the number of an audience must never change", audienceNumber("vip"))
	}
	for i := range 10_000 {
		if n := audienceNumber(fmt.Sprint("segment-", i)); n < 0 || n > math.MaxInt32 {
			t.Errorf("segment-%d: %d", i, n)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	muster, _ := FormatNamed("muster")
	single, bare := Format{Name: "single", encode: always(encodeMuster)}, Format{Name: "template"}
	for _, c := range []struct {
		format  Format
		changes []Change
		batch   bool
		want    string
	}{
		{Format{Name: "xml"}, golden, true, `encoding a message: there is no format "xml"`},
		{bare, golden, true, "encoding a message: the format template needs a template"},
		{muster, nil, true, "encoding a message: it has no changes"},
		{muster, make([]Change, MaxBatch+1), true, "encoding a message: 1001 changes; it may have 1000"},
		{muster, golden[:2], false, "encoding a message: the format muster carries one change here, not 2"},
		{single, golden[:2], true, "encoding a message: the format single carries one change here, not 2"},
	} {
		if _, _, err := c.format.Encode(c.changes, c.batch); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestMessage(t *testing.T) {
	d := Destination{Name: "crm", Format: "muster", Batch: 2}
	m, err := d.Message(golden[:1])
	if err != nil || m.ID != MessageID("crm", golden[:1]) || !strings.HasPrefix(string(m.Body), `{"type":"audience.changes"`) || m.ContentType != "application/json" {
		t.Errorf("%+v, error %v", m, err)
	}
	d.Batch = 1
	if m, err = d.Message(golden[:1]); err != nil || !strings.HasPrefix(string(m.Body), `{"type":"audience.entered"`) {
		t.Errorf("%+v, error %v", m, err)
	}
	if _, err := d.Message(golden); err == nil || err.Error() != "destination crm: encoding a message: the format muster carries one change here, not 5" {
		t.Errorf("error %v", err)
	}
	d.Format = "xml"
	if _, err := d.Message(golden); err == nil || err.Error() != `encoding a message: destination crm: there is no format "xml"` {
		t.Errorf("error %v", err)
	}
}

// BenchmarkMessage makes messages of one change and of a hundred.
func BenchmarkMessage(b *testing.B) {
	changes := slices.Repeat(golden[:4], 25)
	for _, name := range Formats()[:4] {
		for _, size := range []int{1, 100} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				d := Destination{Name: "crm", Format: name, Batch: size}
				b.ReportAllocs()
				for b.Loop() {
					if _, err := d.Message(changes[:size]); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(size)*float64(b.N)/b.Elapsed().Seconds(), "changes/s")
			})
		}
	}
}
