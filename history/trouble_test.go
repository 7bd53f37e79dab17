package history

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"muster/event"
	"muster/history/archive"
	"muster/test/kit/generate"
)

// few lays out two days of a shop whose segment takes everybody who ordered.
func few(t testing.TB) *shop {
	t.Helper()
	s := &shop{folder: t.TempDir(), texts: map[string]string{
		"buyers": `any(events("Order Completed"), true)`, "known": "true", "pro": `traits.plan == "pro"`,
	}}
	s.set = compileTexts(t, s.texts)
	putObject(t, s.folder, "2026-11-01/a.json.gz", []string{order("a", 1), order("b", 2), page("c", 3)})
	putObject(t, s.folder, "2026-11-02/b.json.gz", []string{order("d", 24)})
	s.end = decodeLine(t, page("", 48))[0].Arrival
	return s
}

func order(user string, hour int) string {
	return fmt.Sprintf(`{"type":"track","event":"Order Completed",%s`, rest(user, hour))
}

func page(user string, hour int) string { return fmt.Sprintf(`{"type":"page",%s`, rest(user, hour)) }

func rest(user string, hour int) string {
	return fmt.Sprintf(`"userId":"u%s","messageId":"m%s%d","timestamp":"2026-11-%02dT%02d:00:00Z"}`, user, user, hour, 1+hour/24, hour%24)
}

// outcome runs a request and returns its members, or its error.
func outcome(t *testing.T, r *Request, dir string) (map[string][]string, *Report, error) {
	t.Helper()
	b, err := New(r, config(dir, 2))
	if err != nil {
		t.Fatal(err)
	}
	report, err := b.Run(t.Context())
	if err != nil {
		return nil, nil, err
	}
	return membersOf(t, report), report, nil
}

// Each kind of trouble ends a backfill that is to fail, naming the object, and
// is named among the dead letters of one that is to go on, which then has the
// members of what can be read. The same call again has the same outcome.
func TestObjectsThatCantBeRead(t *testing.T) {
	packed := func(s *shop) []byte {
		text, err := os.ReadFile(filepath.Join(s.folder, "2026-11-02/b.json.gz"))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for name, c := range map[string]struct {
		harm   func(s *shop)
		buyers string
	}{
		"no gzip":      {func(s *shop) { putBytes(t, s.folder, "2026-11-02/b.json.gz", []byte("no gzip")) }, "ua ub"},
		"0 bytes":      {func(s *shop) { putBytes(t, s.folder, "2026-11-02/b.json.gz", nil) }, "ua ub"},
		"cut off":      {func(s *shop) { putBytes(t, s.folder, "2026-11-02/b.json.gz", packed(s)[:40]) }, "ua ub"},
		"wrong sum":    {func(s *shop) { p := packed(s); p[len(p)-5] ^= 1; putBytes(t, s.folder, "2026-11-02/b.json.gz", p) }, "ua ub"},
		"foreign kind": {func(s *shop) { putBytes(t, s.folder, "2026-11-02/b.avro", []byte("Obj")) }, "ua ub ud"},
		"cut off Parquet": {func(s *shop) {
			text := parquetOf(t, []called{{"track", "Order Completed", "ue", "2026-11-02T01:00:00Z"}})
			putBytes(t, s.folder, "2026-11-02/b.parquet", text[:len(text)-20])
		}, "ua ub ud"},
		"foreign columns": {func(s *shop) { putBytes(t, s.folder, "2026-11-02/b.parquet", parquetOf(t, []foreign{{7, 9}})) }, "ua ub ud"},
	} {
		s := few(t)
		c.harm(s)
		key, dir := "2026-11-02/b.", t.TempDir()
		for range 2 {
			if _, _, err := outcome(t, s.request(t, s.end), dir); err == nil || !strings.Contains(err.Error(), key) {
				t.Errorf("%s: %v", name, err)
			}
		}
		r := s.request(t, s.end)
		r.OnError = Skip
		for range 2 {
			members, report, err := outcome(t, r, dir)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got := strings.Join(members["buyers"], " "); got != c.buyers {
				t.Errorf("%s: buyers are %q, want %q", name, got, c.buyers)
			}
			dead, _ := os.ReadFile(filepath.Join(report.Folder, "dead.ndjson"))
			if !strings.Contains(string(dead), key) || len(report.Summary.Broken) != 1 || report.Summary.DeadLetters == 0 {
				t.Errorf("%s: dead letters %s, summary %+v", name, dead, report.Summary)
			}
		}
	}
}

// called and foreign are rows of Parquet, of which only the first are calls.
type (
	called struct {
		Type      string `parquet:"type"`
		Event     string `parquet:"event"`
		UserID    string `parquet:"user_id"`
		Timestamp string `parquet:"timestamp"`
	}
	foreign struct {
		Width  int64 `parquet:"width"`
		Height int64 `parquet:"height"`
	}
)

func parquetOf[R any](t *testing.T, rows []R) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := parquet.Write(&out, rows); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// What the table above calls cut off is read where it is whole.
func TestParquetObjects(t *testing.T) {
	s := few(t)
	putBytes(t, s.folder, "2026-11-02/b.parquet", parquetOf(t, []called{{"track", "Order Completed", "ue", "2026-11-02T01:00:00Z"}}))
	members, _, err := outcome(t, s.request(t, s.end), t.TempDir())
	if got := strings.Join(members["buyers"], " "); err != nil || got != "ua ub ud ue" {
		t.Errorf("buyers are %s, %v", got, err)
	}
}

// Of an object that is corrupt in the middle, the lines before count where the
// backfill goes on, and the line is named.
func TestAnObjectThatIsCorruptInTheMiddle(t *testing.T) {
	const key = "2026-11-02/b.json.gz"
	s := few(t)
	r, lines := rand.New(rand.NewPCG(1, 1)), []string{}
	for i := range 3000 {
		lines = append(lines, order(fmt.Sprintf("-%04d-%x", i, r.Uint64()), 24))
	}
	putObject(t, s.folder, key, lines)
	packed, err := os.ReadFile(filepath.Join(s.folder, key))
	if err != nil {
		t.Fatal(err)
	}
	copy(packed[len(packed)/2:], make([]byte, 64))
	putBytes(t, s.folder, key, packed)
	if _, _, err := outcome(t, s.request(t, s.end), t.TempDir()); err == nil || !strings.Contains(err.Error(), key) {
		t.Errorf("%v", err)
	}
	request := s.request(t, s.end)
	request.OnError = Skip
	members, report, err := outcome(t, request, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(filepath.Join(report.Folder, "dead.ndjson"))
	last := bytes.LastIndexByte(bytes.TrimSpace(text), '\n') + 1 // damage may come out as text that is no event first
	var dead letter
	if err := json.Unmarshal(text[last:], &dead); err != nil || dead.Object != key || dead.Line < 2 || dead.Line > 2900 {
		t.Fatalf("the last dead letter is %s, %v", text[last:], err)
	}
	for _, member := range members["buyers"] {
		if member > "u-" && member > fmt.Sprintf("u-%04d", dead.Line) && member < "ua" {
			t.Fatalf("%s is a member, and line %d can't be read", member, dead.Line)
		}
	}
	if n, most := int64(len(members["buyers"])), dead.Line+2; n < most-int64(bytes.Count(text, []byte("\n")))-1 || n > most {
		t.Errorf("%d members of %d lines and 2 others; dead letters:\n%s", n, dead.Line, text)
	}
}

// after is a Bucket that does something after it has listed.
type after struct {
	archive.Bucket
	do func()
}

func (a after) List(ctx context.Context, prefix string, fn func(archive.Object) error) error {
	err := a.Bucket.List(ctx, prefix, fn)
	a.do()
	return err
}

// What happens to an object between listing and reading is told by its name.
func TestObjectsThatChangeUnderThePlan(t *testing.T) {
	for name, c := range map[string]struct {
		do      func(path string) error
		is      error
		skipped bool // whether on-error skip goes on
	}{
		"changed": {func(path string) error { return os.WriteFile(path, []byte("another"), 0o600) }, archive.ErrChanged, false},
		"deleted": {os.Remove, archive.ErrMissing, true},
	} {
		for _, on := range []OnError{Fail, Skip} {
			s := few(t)
			r := s.request(t, s.end)
			r.OnError = on
			path := filepath.Join(s.folder, "2026-11-02/b.json.gz")
			r.Bucket = after{r.Bucket, func() {
				if err := c.do(path); err != nil {
					t.Fatal(err)
				}
			}}
			members, report, err := outcome(t, r, t.TempDir())
			if on == Skip && c.skipped {
				if err != nil || len(members["buyers"]) != 2 || len(report.Summary.Broken) != 1 {
					t.Errorf("%s, skip: %v, %v", name, members, err)
				}
			} else if !errors.Is(err, c.is) || !strings.Contains(err.Error(), "2026-11-02/b.json.gz") {
				t.Errorf("%s, %s: %v", name, on, err)
			}
		}
	}
}

// A request that was not finished goes on with its manifest, unless it is to
// list anew; one that was finished lists anew.
func TestTheArchiveIsListedOnce(t *testing.T) {
	s, dir := few(t), t.TempDir()
	calls := 0
	run := func(anew, stop bool) error {
		r := s.request(t, s.end)
		r.Bucket = after{r.Bucket, func() { calls++ }}
		c := config(dir, 1)
		c.Anew = anew
		b, err := New(r, c)
		if err != nil {
			t.Fatal(err)
		}
		b.work.written = func(path string) error {
			if stop && strings.HasSuffix(path, ".parquet") {
				return errKilled
			}
			return nil
		}
		_, err = b.Run(t.Context())
		return err
	}
	for i, step := range []struct {
		anew, stop bool
		calls      int
	}{{false, true, 1}, {false, true, 1}, {true, true, 2}, {false, false, 2}, {false, false, 3}} {
		if err := run(step.anew, step.stop); errors.Is(err, errKilled) != step.stop || calls != step.calls {
			t.Errorf("step %d: %d listings, %v", i, calls, err)
		}
	}
}

// Records that are no events are kept with where they stand, and those of a
// bound on profiles with whom they are of.
func TestDeadLetters(t *testing.T) {
	s := few(t)
	putObject(t, s.folder, "2026-11-03/c.json.gz", []string{
		`{"type":"track"`, order("e", 30), `{"batch":[{"type":"page"},` + page("f", 31) + `]}`,
		`{"type":"identify","userId":"ug","timestamp":"2026-11-02T01:00:00Z","traits":{"plan":{"a":1,"b":2,"c":3}}}`,
	})
	r := s.request(t, s.end)
	r.Limits.Profiles.Traits = 2
	members, report, err := outcome(t, r, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(members["known"], " "); got != "ua ub uc ud ue uf" {
		t.Errorf("known are %s", got)
	}
	dead, _ := os.ReadFile(filepath.Join(report.Folder, "dead.ndjson"))
	for _, want := range []string{`"2026-11-03/c.json.gz","line":1,`, `"line":3,"reason":"`, `{"profile":"ug","reason":"traits: `} {
		if !strings.Contains(string(dead), want) {
			t.Errorf("%s is not in %s", want, dead)
		}
	}
	if report.Summary.DeadLetters != 2 || report.Summary.Refused != 1 {
		t.Errorf("%+v", report.Summary)
	}
}

// Events that claim to come from after their object are told, by its name, and
// take no part before their time.
func TestAClockThatIsAhead(t *testing.T) {
	s := few(t)
	putObject(t, s.folder, "2026-11-02/ahead.json.gz", []string{strings.ReplaceAll(order("z", 1), "2026-", "2066-")})
	members, report, err := outcome(t, s.request(t, s.end), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(members["known"], " "); got != "ua ub uc ud" || report.Later != 1 || fmt.Sprint(report.Summary.Ahead) != "[2026-11-02/ahead.json.gz]" {
		t.Errorf("known are %s, %+v", got, report.Summary)
	}
}

func TestDaysOutOfBoundsAreLeftOut(t *testing.T) {
	s := few(t)
	r := s.request(t, s.end)
	r.From = decodeTime(t, "2026-11-02T00:00:00Z")
	members, report, err := outcome(t, r, t.TempDir())
	if err != nil || strings.Join(members["known"], " ") != "ud" || report.Archive.OutOfDays.Objects != 1 {
		t.Errorf("%v, %+v, %v", members, report, err)
	}
	r = s.request(t, s.end)
	r.To = decodeTime(t, "2026-11-01T23:00:00Z")
	if members, _, err = outcome(t, r, t.TempDir()); err != nil || strings.Join(members["known"], " ") != "ua ub uc" {
		t.Errorf("%v, %v", members, err)
	}
}

// With ReadIDs the members are the same as long as no messageId is of two
// different events, and a profile of which nothing is read is still known.
func TestReadIDs(t *testing.T) {
	spared := int64(0)
	for seed := range uint64(6) {
		s := randomShop(t, seed, 300, 2)
		own := s.honest(t)
		r := own.request(t, own.end)
		r.ReadIDs = true
		members, report, err := outcome(t, r, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		compareMembers(t, fmt.Sprint("seed ", seed), members, own.foretold(t, own.end))
		whole := backfill(t, own.request(t, own.end), config(t.TempDir(), 1))
		spared += whole.Rows - report.Rows
	}
	if spared == 0 {
		t.Error("nothing was left out")
	}
}

// honest is the shop with a messageId of its own for each different event.
func (s *shop) honest(t *testing.T) *shop {
	t.Helper()
	other := *s
	other.folder, other.events = t.TempDir(), nil
	lines := map[string][]string{}
	for i := range s.events {
		s.events[i].MessageID = fmt.Sprintf("id-%d", i)
		ev := s.events[i]
		key := objectOf(ev.Arrival, i%3)
		lines[key] = append(lines[key], spelled(&ev))
		other.events = append(other.events, ev)
		if i%7 == 0 {
			again := objectOf(ev.Arrival, (i+1)%3)
			lines[again] = append(lines[again], spelled(&ev))
		}
	}
	for key := range maps.Keys(lines) {
		putObject(t, other.folder, key, lines[key])
	}
	return &other
}

func spelled(ev *event.Event) string { return string(generate.Record(ev, nil)) }

func decodeTime(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
