package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"muster/event"
	"muster/history/publication"
	"muster/test/e2e/stack"
	"muster/test/kit/generate"
)

// segmentsOf is the text of a segment file.
func segmentsOf(texts map[string]string) string {
	text := "segments:\n"
	for id, rule := range texts {
		text += fmt.Sprintf("  - id: %s\n    rule: %s\n", id, rule)
	}
	return text
}

// layDays lays events out as Segment does, by day of arrival. Each third day
// is delivered twice.
func layDays(t *testing.T, folder string, events []event.Event) {
	t.Helper()
	days := map[int64][]byte{}
	for i := range events {
		at := time.UnixMilli(events[i].Arrival).UTC().Truncate(day).UnixMilli()
		days[at] = append(append(days[at], generate.Record(&events[i], nil)...), '\n')
	}
	for at, lines := range days {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(lines); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		names := []string{"1.gz"}
		if at/day.Milliseconds()%3 == 0 {
			names = append(names, "2.gz")
		}
		for _, name := range names {
			path := filepath.Join(folder, "segment-logs", "shop", fmt.Sprint(at), name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, packed.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A service has seen a part of what happened, under fewer rules. Segments are
// added, and one command brings history into it from an archive, while events
// keep coming: late ones, that the archive has too, and repeats of what only it
// has. The command is killed while the archive is given time and in the middle
// of the patches, and an evaluator with patches before it. In the end the
// members are those of everything.
func TestAPublicationEntersARunningService(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		r := rand.New(rand.NewPCG(16, 6))
		s := stack.Start(t, stack.Options{
			Shards: shards, Sources: sources, Segments: segmentsOf(map[string]string{"order": bought["order"]}), Cluster: cluster,
		})
		s.Init()
		e := s.Run()
		past := buyers(r, 1500, time.Now().Add(-time.Minute), 100*day)
		var seen, late []event.Event
		for _, ev := range past {
			switch r.IntN(10) {
			case 0:
				late = append(late, ev)
			case 1, 2, 3, 4:
				seen = append(seen, ev)
			}
		}
		produce(s, r, seen)
		s.AwaitSettled(stack.Patience)
		s.WriteSegments(segmentsOf(bought))
		e.Reload()
		s.AwaitSwept(stack.Patience, bought)
		folder, work := t.TempDir(), t.TempDir()
		layDays(t, folder, past)
		flags := func(more ...string) []string {
			return append([]string{"--archive", folder, "--layout", "segment"}, more...)
		}

		// Killed while it waits for the archive.
		b := s.Backfill(work, flags("--settle", "24h")...)
		state := awaitState(s, b, "the seams", func(p *publication.State) bool { return p.Opened != 0 })
		b.Kill()
		latest := slices.Max(state.Seams)
		behind := buyers(r, 200, time.UnixMilli(latest).Add(20*day), 20*day)
		for i := range behind {
			behind[i].MessageID = fmt.Sprint("behind ", i)
		}
		again := slices.Clone(past[len(past)-12:]) // of the last day
		for i := range again {
			again[i].Arrival = latest + 1000
		}
		produce(s, r, again)
		s.AwaitSettled(stack.Patience) // so that they come within a day of what they repeat
		produce(s, r, slices.Concat(late, behind[:100]))
		s.AwaitSettled(stack.Patience)

		// Killed with a part of the patches given, which nobody has taken yet.
		e.Freeze()
		b = s.Backfill(work, flags("--settle", "0s", "--batch", "1")...)
		part := awaitState(s, b, "the first patches", func(p *publication.State) bool { return p.Sent > 0 })
		b.Kill()
		if part.Sent >= part.All || part.Run != state.Run {
			t.Errorf("%d of %d patches were given, by run %s: the first call began %s", part.Sent, part.All, part.Run, state.Run)
		}
		e.Kill()
		s.Run()
		b = s.Backfill(work, flags("--settle", "0s", "--batch", "1")...)
		produce(s, r, behind[100:])
		out := awaitEnd(s, b)
		s.AwaitSettled(stack.Patience)
		compareBackfilled(t, s, past, behind, state.Seams)
		checkPublished(t, s, work, out, state.Run)
	})
}

func awaitState(s *stack.System, b *stack.Backfill, what string, there func(*publication.State) bool) (state publication.State) {
	s.Await(what, stack.Patience, func() (err error) {
		if state, err = b.State(); err == nil && !there(&state) {
			err = fmt.Errorf("the publication stands at %+v", state)
		}
		return err
	})
	return state
}

// awaitEnd waits until a backfill has ended, and returns what it printed.
func awaitEnd(s *stack.System, b *stack.Backfill) (out string) {
	s.Await("the backfill", stack.Patience, func() (err error) {
		out, err = b.Ended()
		return err
	})
	return out
}

// checkPublished holds what is left of a publication against its run.
func checkPublished(t *testing.T, s *stack.System, work, out, run string) {
	t.Helper()
	end, err := stack.PublicationState(work)
	if err != nil || end.Run != run || end.Ended == 0 || end.Sent != end.All {
		t.Errorf("the publication ended as %+v, %v; it printed\n%s", end, err, out)
	}
	if !strings.Contains(out, "Run "+run+" has brought history into the service") {
		t.Errorf("it printed\n%s", out)
	}
	brought := 0
	for shard := range s.Shards {
		runs := s.Runs(shard)
		brought += runs[run]
		delete(runs, run)
		delete(runs, "")
		if len(runs) > 0 {
			t.Errorf("shard %d has changes of other runs: %v", shard, runs)
		}
	}
	if brought == 0 {
		t.Errorf("run %s has brought no change", run)
	}
	if letters := s.Letters(s.Keyed); len(letters) > 0 {
		t.Errorf("dead letters: %v", letters)
	}
}
