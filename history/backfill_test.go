package history

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/event"
	"muster/history/archive"
	"muster/pipeline"
	"muster/rules"
	"muster/test/kit/generate"
	"muster/test/kit/oracle"
)

// shop is an archive in a folder, with what is in it.
type shop struct {
	folder string
	texts  map[string]string
	set    *rules.Set
	events []event.Event // in order of arrival
	end    int64         // of the arrivals
}

// randomShop lays random events out as objects, some of them in several, by
// day of arrival, and makes random rules.
func randomShop(t *testing.T, seed uint64, events, segments int) *shop {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 160))
	s := &shop{folder: t.TempDir()}
	ids := make([]string, segments)
	for i := range ids {
		ids[i] = fmt.Sprintf("s%02d", i)
	}
	s.texts = generate.Set(r, ids)
	s.texts["known"] = "true" // who is known by an event that no rule reads, too
	s.set = compileTexts(t, s.texts)
	profiles := make([]string, 1+events/40)
	for i := range profiles {
		profiles[i] = fmt.Sprint("user-", i)
	}
	lines, clock := map[string][]string{}, generate.Start
	for range events {
		ev := generate.Event(r, profiles, clock)
		clock = max(clock, ev.Arrival)
		line := string(generate.Record(&ev, nil))
		object := objectOf(ev.Arrival, r.IntN(3))
		lines[object] = append(lines[object], line)
		if r.IntN(10) == 0 { // delivered twice, in another object as often as not
			again := objectOf(ev.Arrival, r.IntN(3))
			lines[again] = append(lines[again], line)
		}
	}
	for i := range 5 { // known by nothing that a rule reads
		ev := event.Event{Type: event.Alias, Profile: fmt.Sprint("lone-", i), Time: generate.Start, Arrival: generate.Start + int64(i)}
		object := objectOf(ev.Arrival, i%3)
		lines[object] = append(lines[object], string(generate.Record(&ev, nil)))
	}
	for _, key := range slices.Sorted(maps.Keys(lines)) {
		putObject(t, s.folder, key, lines[key])
		for _, line := range lines[key] {
			s.events = append(s.events, decodeLine(t, line)...)
		}
	}
	slices.SortStableFunc(s.events, func(a, b event.Event) int {
		return cmp.Compare(a.Arrival, b.Arrival)
	})
	s.end = clock
	return s
}

func objectOf(arrival int64, n int) string {
	return time.UnixMilli(arrival).UTC().Format(time.DateOnly) + fmt.Sprintf("/%d.json.gz", n)
}

// putObject writes an object of lines.
func putObject(t testing.TB, folder, key string, lines []string) {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(strings.Join(lines, "\n"))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	putBytes(t, folder, key, packed.Bytes())
}

func putBytes(t testing.TB, folder, key string, content []byte) {
	t.Helper()
	path := filepath.Join(folder, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func decodeLine(t testing.TB, line string) []event.Event {
	t.Helper()
	d, err := event.NewDecoder(event.Default())
	if err != nil {
		t.Fatal(err)
	}
	events, rejected := d.Decode(nil, nil, []byte(line), 0, 0)
	if len(rejected) > 0 {
		t.Fatalf("%s: %s", line, rejected[0].Reason)
	}
	return events
}

func compileTexts(t testing.TB, texts map[string]string) *rules.Set {
	t.Helper()
	var segments []rules.Segment
	for id, text := range texts {
		segments = append(segments, rules.NewSegment(id, text))
	}
	set, err := rules.Compile(segments)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// request asks for a shop as of an instant.
func (s *shop) request(t testing.TB, asOf int64) *Request {
	t.Helper()
	config := archive.Default()
	config.Location, config.Match = s.folder, "{yyyy}-{mm}-{dd}/*"
	layout, err := archive.NewLayout(config)
	if err != nil {
		t.Fatal(err)
	}
	bucket, prefix, err := archive.OpenBucket(t.Context(), s.folder, config)
	if err != nil {
		t.Fatal(err)
	}
	return &Request{Archive: config, Bucket: bucket, Prefix: prefix, Layout: layout, AsOf: asOf, Set: s.set, Limits: pipeline.Default(), OnError: Fail}
}

// foretold is who is in which segment at an instant, by the oracle.
func (s *shop) foretold(t *testing.T, asOf int64) map[string][]string {
	t.Helper()
	log, err := oracle.NewLog(s.texts)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.events {
		if s.events[i].Arrival <= asOf {
			log.Apply(&s.events[i])
		}
	}
	log.Advance(asOf)
	members := map[string][]string{}
	for id := range s.texts {
		members[id] = log.Oracle().Members(id)
	}
	return members
}

func config(dir string, workers int) Config {
	c := DefaultConfig()
	c.Dir, c.Workers, c.SortBytes = dir, workers, 1<<20
	return c
}

// backfill runs a request.
func backfill(t *testing.T, r *Request, c Config) *Report {
	t.Helper()
	b, err := New(r, c)
	if err != nil {
		t.Fatal(err)
	}
	report, err := b.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// membersOf reads what a backfill wrote.
func membersOf(t *testing.T, report *Report) map[string][]string {
	t.Helper()
	members := map[string][]string{}
	for _, s := range report.Summary.Segments {
		text, err := os.ReadFile(filepath.Join(report.Folder, "members", s.ID+".ndjson"))
		if err != nil {
			t.Fatal(err)
		}
		list := []string{}
		for line := range strings.Lines(string(text)) {
			var one struct{ Profile string }
			if err := json.Unmarshal([]byte(line), &one); err != nil {
				t.Fatal(err)
			}
			list = append(list, one.Profile)
		}
		if int64(len(list)) != s.Members {
			t.Fatalf("%s: %d lines, %d members", s.ID, len(list), s.Members)
		}
		slices.Sort(list)
		members[s.ID] = list
	}
	return members
}

func compareMembers(t *testing.T, what string, got, want map[string][]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d segments, want %d", what, len(got), len(want))
	}
	for id := range want {
		if !slices.Equal(got[id], want[id]) {
			t.Errorf("%s: members of %s are %q, want %q", what, id, got[id], want[id])
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// TestBackfillEqualsOracle backfills random shops as of instants in the middle
// and past the end.
func TestBackfillEqualsOracle(t *testing.T) {
	for seed := range uint64(8) {
		s := randomShop(t, seed, 300, 1+int(seed)%3*5) // few rules leave much unread
		for _, asOf := range []int64{s.events[len(s.events)/2].Arrival, s.end + 40*millisPerDay} {
			for _, eager := range []bool{false, true} {
				c := config(t.TempDir(), 2)
				c.Eager = eager
				report := backfill(t, s.request(t, asOf), c)
				compareMembers(t, fmt.Sprintf("seed %d, eager %t", seed, eager), membersOf(t, report), s.foretold(t, asOf))
			}
		}
	}
}

const millisPerDay = 24 * 60 * 60 * 1000

// TestOneDayAfterTheOther backfills as of each of several instants, into one
// work directory, adding objects as their day comes. An instant lies within a day, whose
// objects tell of later, too.
func TestOneDayAfterTheOther(t *testing.T) {
	for seed := range uint64(3) {
		whole := randomShop(t, seed, 400, 15)
		grown := *whole
		grown.folder = t.TempDir()
		dir, wentOn := t.TempDir(), 0
		for step := 1; step <= 4; step++ {
			asOf := whole.within(len(whole.events) * step / 5)
			copyUntil(t, whole.folder, grown.folder, time.UnixMilli(asOf).UTC().Format(time.DateOnly))
			report := backfill(t, grown.request(t, asOf), config(dir, 2))
			compareMembers(t, fmt.Sprintf("seed %d, step %d", seed, step), membersOf(t, report), whole.foretold(t, asOf))
			if report.From != "" {
				wentOn++
			}
			fresh := backfill(t, grown.request(t, asOf), config(t.TempDir(), 1))
			sameFiles(t, report.Folder, fresh.Folder)
		}
		if wentOn == 0 {
			t.Errorf("seed %d: no backfill went on from another", seed)
		}
	}
}

// within returns the arrival of an event from the i-th on behind which the same
// day has another.
func (s *shop) within(i int) int64 {
	for ; i+1 < len(s.events); i++ {
		now, next := s.events[i].Arrival, s.events[i+1].Arrival
		if now < next && now/millisPerDay == next/millisPerDay {
			return now
		}
	}
	return s.end
}

// copyUntil copies the objects of the days up to one that are not there.
func copyUntil(t *testing.T, from, to, day string) {
	t.Helper()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(to, e.Name())); e.Name() > day || err == nil {
			continue
		}
		if err := os.CopyFS(filepath.Join(to, e.Name()), os.DirFS(filepath.Join(from, e.Name()))); err != nil {
			t.Fatal(err)
		}
	}
}

// results are the files of a request that must be equal: all but those that
// tell of the call.
func results(t testing.TB, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		name, _ := filepath.Rel(folder, path)
		if err == nil && name == "indexed" {
			return fs.SkipDir
		}
		if err != nil || e.IsDir() {
			return err
		}
		switch name {
		case "report.json", "manifest.ndjson", "listing.json", "plan.json", "inputs.json", "order.json":
			return nil
		}
		text, err := os.ReadFile(path)
		found[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func sameFiles(t testing.TB, a, b string) {
	t.Helper()
	x, y := results(t, a), results(t, b)
	for name := range x {
		if x[name] != y[name] {
			t.Errorf("%s differs:\n%s\n%s", name, x[name], y[name])
		}
	}
	if len(x) != len(y) || len(x) < 3 || t.Failed() {
		t.Fatalf("%d and %d files", len(x), len(y))
	}
}

// Runs that are folded into fewer, some of them twice, give the same bytes, and
// so do they where a wider projection was kept.
func TestFoldedRunsGiveTheSameBytes(t *testing.T) {
	s := randomShop(t, 6, 900, 12)
	r := s.request(t, s.end)
	whole, dir := backfill(t, r, config(t.TempDir(), 1)), t.TempDir()
	c := config(dir, 2)
	c.MaxRuns = 2
	folded := backfill(t, r, c)
	if folded.Summary.Objects < 2*foldRuns {
		t.Fatalf("%d objects: nothing is folded twice", folded.Summary.Objects)
	}
	sameFiles(t, whole.Folder, folded.Folder)
	part := *s
	part.texts = withUses(s.texts, "s03")
	part.set = compileTexts(t, part.texts)
	report := backfill(t, part.request(t, s.end), c)
	compareMembers(t, "part", membersOf(t, report), part.foretold(t, s.end))
	if report.Read.Bytes > 0 {
		t.Error("the archive was read again")
	}
}

func TestAnyNumberOfWorkersGivesTheSameBytes(t *testing.T) {
	s := randomShop(t, 3, 1500, 20)
	dirs := map[int]string{1: t.TempDir(), 2: t.TempDir(), 7: t.TempDir()}
	for _, format := range []MemberFormat{NDJSON, Parquet} { // the second is gathered of what the first has made
		r := s.request(t, s.end)
		r.Members = format
		one := backfill(t, r, config(dirs[1], 1))
		for _, workers := range []int{2, 7} {
			sameFiles(t, one.Folder, backfill(t, r, config(dirs[workers], workers)).Folder)
		}
	}
}

var errKilled = errors.New("killed")

// TestKilledAfterEachFile ends a backfill after every file that it makes, and
// goes on. Nothing that is there is made again.
func TestKilledAfterEachFile(t *testing.T) {
	s := randomShop(t, 4, 200, 8)
	whole := backfill(t, s.request(t, s.end), config(t.TempDir(), 1))
	dir, made := t.TempDir(), map[string]int{}
	for calls := 1; ; calls++ {
		b, err := New(s.request(t, s.end), config(dir, 1))
		if err != nil {
			t.Fatal(err)
		}
		b.work.written = func(path string) error {
			made[path]++
			if made[path] == 1 {
				return errKilled
			}
			return nil
		}
		report, err := b.Run(t.Context())
		if err == nil {
			sameFiles(t, whole.Folder, report.Folder)
			break
		}
		if !errors.Is(err, errKilled) || calls > 1000 {
			t.Fatal(err)
		}
	}
	for path, n := range made {
		if kind := strings.Split(strings.TrimPrefix(path, dir), "/")[1]; n > 1 && (kind == "runs" || kind == "slices") {
			t.Errorf("%s was made %d times", path, n)
		}
	}
	if len(made) < sliceCount+10 {
		t.Errorf("only %d files were made", len(made))
	}
}

// A second request whose segments read no more reads nothing of the archive.
func TestWhatIsIndexedIsNotReadAgain(t *testing.T) {
	s := randomShop(t, 5, 600, 20)
	dir := t.TempDir()
	first := backfill(t, s.request(t, s.end), config(dir, 2))
	if first.Read.Objects == 0 || first.Saved.Objects != 0 {
		t.Fatalf("%+v", first)
	}
	again := backfill(t, s.request(t, s.end), config(dir, 2))
	sameFiles(t, first.Folder, again.Folder)
	if again.Read.Bytes != 0 || again.Slices != 0 || again.Saved.Bytes != first.Read.Bytes {
		t.Errorf("%+v", again)
	}
	part := *s
	part.texts = map[string]string{}
	for _, id := range []string{"s00", "s07"} {
		maps.Copy(part.texts, withUses(s.texts, id))
	}
	part.set = compileTexts(t, part.texts)
	second := backfill(t, part.request(t, s.end), config(dir, 2))
	compareMembers(t, "part", membersOf(t, second), part.foretold(t, s.end))
	if second.Read.Bytes != 0 || second.Slices == 0 {
		t.Errorf("%+v", second)
	}
}

// withUses returns a rule and those that it mentions.
func withUses(texts map[string]string, id string) map[string]string {
	found := map[string]string{id: texts[id]}
	for other := range texts {
		if other != id && strings.Contains(texts[id], `"`+other+`"`) {
			maps.Copy(found, withUses(texts, other))
		}
	}
	return found
}

// An object that comes late, with events from before what was already replayed,
// has its profiles begin anew.
func TestAnObjectThatComesLate(t *testing.T) {
	s := few(t)
	dir := t.TempDir()
	first := backfill(t, s.request(t, s.end), config(dir, 1))
	putObject(t, s.folder, "2026-11-03/late.json.gz", []string{page("a", 30), order("c", 2)})
	later := backfill(t, s.request(t, s.end+millisPerDay), config(dir, 1))
	if later.From != "" || later.Read.Objects != 1 {
		t.Errorf("it went on from %q and read %+v", later.From, later.Read)
	}
	for report, want := range map[*Report]string{first: "ua ub ud", later: "ua ub uc ud"} {
		if got := strings.Join(membersOf(t, report)["buyers"], " "); got != want {
			t.Errorf("buyers are %s, want %s", got, want)
		}
	}
}

// An object that tells of before and after an instant counts once for a backfill
// that goes on from it.
func TestAnInstantWithinAnObject(t *testing.T) {
	s := &shop{folder: t.TempDir(), texts: map[string]string{"twice": `count(events("Order Completed")) >= 2`}}
	s.set = compileTexts(t, s.texts)
	anonymous := func(line string) string { return strings.ReplaceAll(line, `"messageId"`, `"no"`) }
	putObject(t, s.folder, "2026-11-01/a.json.gz", []string{
		anonymous(order("a", 1)), anonymous(order("b", 1)), anonymous(order("a", 5)), anonymous(page("b", 5)),
	})
	dir, noon := t.TempDir(), decodeTime(t, "2026-11-01T02:00:00Z").UnixMilli()
	if first := backfill(t, s.request(t, noon), config(dir, 1)); len(membersOf(t, first)["twice"]) > 0 || first.Later != 1 {
		t.Errorf("%+v", first)
	}
	report := backfill(t, s.request(t, noon+millisPerDay), config(dir, 1))
	if got := strings.Join(membersOf(t, report)["twice"], " "); got != "ua" || report.From == "" || report.Applied != 3 {
		t.Errorf("members are %q, %+v", got, report)
	}
}

// A messageId is known by an event that no rule reads, too, unless the request
// does without.
func TestARepeatOfWhatIsNotRead(t *testing.T) {
	s := few(t)
	s.texts = map[string]string{"buyers": `any(events("Order Completed"), true)`}
	s.set = compileTexts(t, s.texts)
	putObject(t, s.folder, "2026-11-02/c.json.gz", []string{strings.ReplaceAll(order("c", 4), `"mc4"`, `"mc3"`)}) // that of its page
	for ids, want := range map[bool]string{false: "ua ub ud", true: "ua ub uc ud"} {
		r := s.request(t, s.end)
		r.ReadIDs = ids
		if got := strings.Join(membersOf(t, backfill(t, r, config(t.TempDir(), 1)))["buyers"], " "); got != want {
			t.Errorf("read ids %t: buyers are %s, want %s", ids, got, want)
		}
	}
}

// Requests that differ in any way have ids of their own.
func TestRequestsHaveIDs(t *testing.T) {
	s := few(t)
	ids := map[string]string{s.request(t, s.end).ID(): ""}
	for name, change := range map[string]func(*Request){
		"as-of":    func(r *Request) { r.AsOf++ },
		"from":     func(r *Request) { r.From = time.UnixMilli(s.end) },
		"to":       func(r *Request) { r.To = time.UnixMilli(s.end) },
		"prefix":   func(r *Request) { r.Prefix = "x/" },
		"ids":      func(r *Request) { r.ReadIDs = true },
		"on-error": func(r *Request) { r.OnError = Skip },
		"members":  func(r *Request) { r.Members = Parquet },
		"profiles": func(r *Request) { r.Limits.Profiles.Entries++ },
		"events":   func(r *Request) { r.Limits.Events.MaxTraits++ },
		"segments": func(r *Request) { r.Set = compileTexts(t, map[string]string{"all": "true"}) },
		"pattern":  func(r *Request) { r.Layout = layoutOf(t, "*/*") },
	} {
		r := s.request(t, s.end)
		change(r)
		if other, taken := ids[r.ID()]; taken {
			t.Errorf("%s does not count, or as %q does", name, other)
		}
		ids[r.ID()] = name
	}
	if err := s.request(t, s.end).Validate(); err != nil {
		t.Error(err)
	}
	wrong := &Request{From: time.UnixMilli(2 * millisPerDay), To: time.UnixMilli(0), Limits: pipeline.Default(), Members: "csv"}
	if err := wrong.Validate(); err == nil || strings.Count(err.Error(), "\n") != 4 {
		t.Errorf("%v", err)
	}
	if c := (Config{}); strings.Count(c.Validate().Error(), "\n") != 3 {
		t.Errorf("%v", c.Validate())
	}
}

func layoutOf(t *testing.T, match string) archive.Layout {
	t.Helper()
	config := archive.Default()
	config.Match = match
	layout, err := archive.NewLayout(config)
	if err != nil {
		t.Fatal(err)
	}
	return layout
}
