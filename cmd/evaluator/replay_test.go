package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/test/kit/generate"
	"muster/test/kit/oracle"
	"muster/test/kit/ruleset"
)

const day = 24 * 60 * 60 * 1000

// TestReplayEqualsOracle writes random events as JSON lines, replays them
// with random rules, and demands the oracle's changes and members, those in
// the middle of the file and past its end.
func TestReplayEqualsOracle(t *testing.T) {
	for seed := range uint64(20) {
		compareReplay(t, rand.New(rand.NewPCG(seed, 2)), seed)
	}
}

func compareReplay(t *testing.T, r *rand.Rand, seed uint64) {
	t.Helper()
	texts, path := randomSegments(t, r)
	lines := randomLines(t, r)
	middle := clockAfter(t, lines[:len(lines)/2]) // what arrives at it belongs to it
	end := clockAfter(t, lines) + 90*day
	want := predictReplay(t, texts, lines, middle, end)
	var out, errs bytes.Buffer
	args := []string{"replay", "--segments", path, "--at", instant(end).String(), "--at", instant(middle).String()}
	if code := execute(args, console{strings.NewReader(strings.Join(lines, "\n")), &out, &errs}); code != exitOK {
		t.Fatalf("seed %d: exit code %d: %s", seed, code, &errs)
	}
	if out.String() != want {
		t.Fatalf("seed %d: %s", seed, firstDifference(out.String(), want))
	}
}

// predictReplay is what replay must print, by the oracle.
func predictReplay(t *testing.T, texts map[string]string, lines []string, at ...int64) string {
	t.Helper()
	log, err := oracle.NewLog(texts)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	p, decoder := newPrinter(&out, "both"), newDecoder(t)
	stop := func() {
		printChanges(t, p, log.Advance(at[0]))
		for _, id := range slices.Sorted(maps.Keys(texts)) {
			if err := p.encoder.Encode(membersLine{"members", instant(at[0]), id, log.Oracle().Members(id)}); err != nil {
				t.Fatal(err)
			}
		}
		at = at[1:]
	}
	for _, line := range lines {
		for _, ev := range decodeAll(t, decoder, []byte(line)) {
			for len(at) > 0 && at[0] < ev.Arrival {
				stop()
			}
			printChanges(t, p, log.Apply(&ev))
		}
	}
	for len(at) > 0 {
		stop()
	}
	return out.String()
}

func printChanges(t *testing.T, p *printer, changes []oracle.Change) {
	t.Helper()
	for _, c := range changes {
		kind := map[bool]string{true: "entered", false: "exited"}[c.Entered]
		text := fmt.Sprintf(`{"type":%q,"segment":%q,"profile":%q,"at":%q,"cause":%q,"version":%d}`,
			kind, c.Segment, c.Profile, instant(c.At), c.Cause, c.Version)
		if err := p.encoder.Encode(json.RawMessage(text)); err != nil {
			t.Fatal(err)
		}
	}
}

func randomSegments(t *testing.T, r *rand.Rand) (texts map[string]string, path string) {
	t.Helper()
	ids := make([]string, 25)
	for i := range ids {
		ids[i] = fmt.Sprintf("s%02d", i)
	}
	texts = generate.Set(r, ids)
	return texts, writeSegments(t, texts)
}

func writeSegments(t *testing.T, texts map[string]string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "segments.yaml")
	if err := os.WriteFile(path, []byte(ruleset.File(texts)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func randomLines(t *testing.T, r *rand.Rand) []string {
	t.Helper()
	lines, clock := make([]string, 150), generate.Start
	for i := range lines {
		ev := generate.Event(r, []string{"a", "b", "c"}, clock)
		clock = max(clock, ev.Arrival)
		lines[i] = string(generate.Record(&ev, map[string]any{"previousId": "before"}))
	}
	return lines
}

func clockAfter(t *testing.T, lines []string) int64 {
	t.Helper()
	clock, decoder := int64(0), newDecoder(t)
	for _, line := range lines {
		for _, ev := range decodeAll(t, decoder, []byte(line)) {
			clock = max(clock, ev.Arrival)
		}
	}
	return clock
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d\n got    %s\n oracle %s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, the oracle has %d", len(g), len(w))
}
