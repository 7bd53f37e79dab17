package e2e

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"muster/event"
	"muster/history/archive"
	"muster/history/files"
	"muster/history/keeping"
	"muster/history/queue"
	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
	"muster/test/kit/ruleset"
	"muster/test/kit/s3"
)

// autoSegments is the text of a segment file whose segments ask for history.
func autoSegments(texts map[string]string) string {
	return strings.ReplaceAll(ruleset.File(texts), "    rule:", "    backfill: auto\n    rule:")
}

// A service has seen a part of what happened. While backfill keep runs nobody has
// to ask for anything: the segment that is there gets its history, and so do
// those that are added, and those that are edited while keep was killed. What is
// ordered is brought again. In the end the members are those of everything.
func TestKeepBringsHistoryByItself(t *testing.T) {
	stack.Beside(t)
	r := rand.New(rand.NewPCG(16, 7))
	order := map[string]string{"order": traffic.Bought["order"]}
	s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: autoSegments(order)})
	s.Init()
	e := s.Run()
	past := traffic.Buyers(r, 1500, time.Now().Add(-time.Minute), 100*day)
	var seen []event.Event
	for _, ev := range past {
		if r.IntN(2) == 0 {
			seen = append(seen, ev)
		}
	}
	produce(s, r, seen)
	s.AwaitSettled(stack.Patience)
	folder, work := t.TempDir(), t.TempDir()
	layDays(t, folder, past)
	flags := []string{"--archive", folder, "--layout", "segment", "--settle", "0s", "--look", "1s"}

	k := s.Keep(work, flags...)
	first := awaitKept(s, k.Kept, map[string]string{}, "order")
	s.WriteSegments(autoSegments(map[string]string{"order": traffic.Bought["order"], "many": traffic.Bought["spent"]}))
	e.Reload()
	added := awaitKept(s, k.Kept, map[string]string{}, "order", "many")
	if added["order"] != first["order"] {
		t.Errorf("history was brought again for a segment that had it: run %s after %s", added["order"], first["order"])
	}
	many := []string{"many"}
	if _, err := queue.New(work).Order(t.Context(), queue.Order{Segments: many, Priority: 80, Again: true}); err != nil {
		t.Fatal(err)
	}
	added["many"] = awaitKept(s, k.Kept, map[string]string{"many": added["many"]}, many...)["many"]
	k.Kill()
	s.WriteSegments(autoSegments(traffic.Bought))
	e.Reload()
	k = s.Keep(work, flags...)
	last := awaitKept(s, k.Kept, map[string]string{"many": added["many"]}, "order", "many", "spent", "early")
	s.AwaitSettled(stack.Patience)
	s.VerifyHistory(traffic.Bought, past, s.AwaitSeam(last["early"]))
	if err := k.Stop(); err != nil {
		t.Errorf("asked to end, keep ended with %v", err)
	}
	if letters := s.Letters(s.Keyed); len(letters) > 0 {
		t.Errorf("dead letters: %v", letters)
	}
}

// Two processes keep a deployment by a work directory in a bucket, and nothing is
// brought twice. When one is killed the other does what is wanted next, and what was
// ordered.
func TestKeepInABucket(t *testing.T) {
	stack.Beside(t)
	server := s3.Start(t)
	s3.Make(t, server, "state")
	r := rand.New(rand.NewPCG(16, 8))
	order := map[string]string{"order": traffic.Bought["order"]}
	reach := archive.Default()
	reach.Endpoint, reach.PathStyle = server.Endpoint(), true
	s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: autoSegments(order),
		Archive: "  endpoint: " + reach.Endpoint + "\n  path_style: true"})
	s.Init()
	e := s.Run()
	past := traffic.Buyers(r, 600, time.Now().Add(-time.Minute), 100*day)
	folder := t.TempDir()
	layDays(t, folder, past)
	const work = "s3://state/kept"
	bucket, err := files.OpenBucket(t.Context(), work, reach)
	if err != nil {
		t.Fatal(err)
	}
	kept := func() (keeping.Record, error) { return stack.KeptIn(bucket) }
	keep := func() *stack.Backfill {
		return s.Keep(work, "--archive", folder, "--layout", "segment", "--settle", "0s", "--look", "1s")
	}
	one, other := keep(), keep()
	first := awaitKept(s, kept, map[string]string{}, "order")
	one.Kill()
	s.WriteSegments(autoSegments(map[string]string{"order": traffic.Bought["order"], "many": traffic.Bought["spent"]}))
	e.Reload()
	added := awaitKept(s, kept, map[string]string{}, "order", "many")
	if added["order"] != first["order"] {
		t.Errorf("history was brought again for a segment that had it: run %s after %s", added["order"], first["order"])
	}
	many := []string{"many"}
	if _, err := queue.In(work, bucket).Order(t.Context(), queue.Order{Segments: many, Priority: 80, Again: true}); err != nil {
		t.Fatal(err)
	}
	last := awaitKept(s, kept, map[string]string{"many": added["many"]}, many...)
	s.AwaitSettled(stack.Patience)
	s.VerifyHistory(map[string]string{"order": traffic.Bought["order"], "many": traffic.Bought["spent"]}, past, s.AwaitSeam(last["many"]))
	if err := other.Stop(); err != nil {
		t.Errorf("asked to end, keep ended with %v", err)
	}
}

// awaitKept waits until history was brought for segments, by other runs than
// those before, and returns the runs.
func awaitKept(s *stack.System, kept func() (keeping.Record, error), before map[string]string, ids ...string) (runs map[string]string) {
	s.Await(fmt.Sprint("history of ", ids), stack.Patience, func() error {
		record, err := kept()
		if err != nil {
			return err
		}
		runs = map[string]string{}
		for _, id := range ids {
			given, known := record.Segments[id]
			if !known || given.Run == before[id] {
				return fmt.Errorf("%s has history of run %q", id, given.Run)
			}
			runs[id] = given.Run
		}
		return nil
	})
	return runs
}
