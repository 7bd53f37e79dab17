package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/cube"
	"muster/event"
	"muster/insights"
	"muster/profile"
	"muster/rules"
	"muster/sink"
	"muster/test/kit/redis"
)

const reachCubes = `segments:
  - {id: all, rule: profile.id != ""}
cubes:
  - {id: ads, events: "Ad Viewed", dimensions: [.ad, .site], clicks: count(.clicked)}
`

// reachedAds has a Redis in which some views of two days are counted, and returns
// the configuration file.
func reachedAds(t *testing.T) string {
	t.Helper()
	folder, server := t.TempDir(), redis.Start(t)
	address := server.Address
	for name, text := range map[string]string{
		"segments.yaml": reachCubes,
		"muster.yaml":   "segments: {path: segments.yaml}\nredis: {buckets: 16, addresses: [\"" + address + "\"]}\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := sink.Default()
	cfg.Addresses, cfg.Buckets = []string{address}, 16
	store, err := sink.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	cubes, err := cube.Read(rules.Source{Name: "cubes", Data: []byte(reachCubes)})
	if err != nil {
		t.Fatal(err)
	}
	tally := cube.NewTally(400)
	tally.Declare(cubes)
	view := func(who, ad, site string, clicked bool) {
		at := time.Now().UnixMilli()
		body := event.ObjectOf([]event.Value{
			event.StringOf("ad"), event.StringOf(ad), event.StringOf("site"), event.StringOf(site), event.StringOf("clicked"), event.BoolOf(clicked),
		})
		tally.Count(&event.Event{Type: event.Track, Name: "Ad Viewed", Profile: who, Time: at, Arrival: at, Body: body}, profile.New(who))
	}
	view("u1", "x5", "auto.example", true)
	view("u1", "x5", "autoblog", false)
	view("u2", "x5", "auto.example", false)
	view("u3", "x5", "news", false)
	view("u4", "y", "auto\nblog", false)
	view("u5", "y", strings.Repeat("long", 100), false)
	if err := store.Init(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	state, err := store.Open(t.Context(), 0)
	if err == nil {
		_, err = store.OpenCubes(t.Context(), 0)
	}
	if err == nil {
		_, err = store.AddCubes(t.Context(), 0, sink.CubeOwner{Epoch: state.Epoch, Next: state.Next}, sink.CubeMark{Next: 6}, tally.Append(nil))
	}
	if err != nil {
		t.Fatal(err)
	}
	key := "m:hll:{all}:" + time.Now().UTC().Format("20060102")
	if err := server.Client(t).PFAdd(t.Context(), key, "u1", "u2", "u9").Err(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, "muster.yaml")
}

// TestInsightsReach asks as a person does, as a program, and wrongly.
func TestInsightsReach(t *testing.T) {
	file := reachedAds(t)
	ask := func(arguments ...string) (out, warned string, code int) {
		var text, warnings bytes.Buffer
		code = execute(append([]string{"insights", "reach", "-c", file}, arguments...), console{strings.NewReader(""), &text, &warnings})
		return text.String(), warnings.String(), code
	}
	out, warned, code := ask("ads", "--where", `ad == "x5" and site startsWith "auto"`, "--by", "site")
	want := `site          customers      from        to    events  clicks
auto.example          2         2         2         2       1
autoblog              1         1         1         1       0
(other)               1         1         1         1       0
all                   2         2         2         3       1
`
	if code != 0 || out != want || !strings.Contains(warned, "(other)") {
		t.Errorf("%d, %s\n%s\nwant\n%s", code, warned, out, want)
	}
	out, _, code = ask("ads", "--by", "ad,site", "--top", "1")
	if code != 0 || !strings.HasPrefix(out, "ad       site          customers") || !strings.Contains(out, "\nall                            5") {
		t.Errorf("%d\n%s", code, out)
	}
	out, _, code = ask("ads", "--by", "site", "--json")
	var a insights.Reach
	if err := json.Unmarshal([]byte(out), &a); err != nil || code != 0 || a.All.Customers != 5 || !a.All.Exact || a.All.Measures["clicks"] != 1 ||
		len(a.Rows) != 4 || a.Rows[0].Values["site"] != "auto.example" || a.Other == nil || a.Other.Events != 1 {
		t.Errorf("%d, %v\n%s", code, err, out)
	}
	out, _, code = ask("ads", "--segment", "all", "--where", `ad == "x5"`)
	if lines := strings.Split(out, "\n"); code != 0 || !strings.HasSuffix(lines[0], "    in all      from        to    or all") ||
		!strings.HasPrefix(lines[2], "all              3         3         3         4       1         2 ") || !strings.HasSuffix(lines[2], "         4") {
		t.Errorf("%d\n%s", code, out)
	}
	out, _, code = ask("ads", "--segment", "nobody", "--json")
	if code != 0 || !strings.Contains(out, `"segment":{"id":"nobody","both":0,"low":0,"high":0,"either":5,`) {
		t.Errorf("%d\n%s", code, out)
	}
	for _, one := range []struct {
		code      int
		want      string
		arguments []string
	}{
		{2, "there is no cube adds: did you mean ads?", []string{"adds"}},
		{2, "unknown name sit", []string{"ads", "--where", `sit == "x"`}},
		{2, "did you mean site?", []string{"ads", "--where", `sit == "x"`}},
		{2, "^", []string{"ads", "--where", `sit == "x"`}},
		{2, "has no dimension county", []string{"ads", "--by", "county"}},
		{2, "asked for twice", []string{"ads", "--by", "ad,ad"}},
		{2, "--from is behind --to", []string{"ads", "--from", "2026-11-02", "--to", "2026-11-01"}},
		{2, "write a day as 2026-11-28", []string{"ads", "--from", "yesterday"}},
		{2, "an id is 1 to 64", []string{"ads", "--segment", "VIP"}},
		{2, "there may be 1100", []string{"ads", "--segment", "all", "--from", "2020-01-01"}},
		{2, "there may be 3660", []string{"ads", "--from", "1990-01-01", "--to", "2026-11-01"}},
	} {
		if _, warned, code := ask(one.arguments...); code != one.code || !strings.Contains(warned, one.want) {
			t.Errorf("%q: %d, %s; want %s", one.arguments, code, warned, one.want)
		}
	}
}

// A mistake in a cube is found by check, with its place.
func TestCheckFindsMistakesInCubes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s.yaml")
	text := "segments:\n  - {id: all, rule: profile.id != \"\"}\ncubes:\n  - {id: ads, events: A, dimension: [.x]}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, warned bytes.Buffer
	code := execute([]string{"check", file}, console{strings.NewReader(""), &out, &warned})
	if said := out.String() + warned.String(); code != 2 || !strings.Contains(said, "s.yaml:4:26: a cube has no key dimension") || !strings.Contains(said, "did you mean dimensions?") {
		t.Errorf("%d\n%s", code, said)
	}
}
