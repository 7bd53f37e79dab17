package sink_test

import (
	"os"
	"strings"
	"testing"

	"muster/credentials"
	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// The documented reader may read all results, and write nothing.
func TestTheDocumentedReader(t *testing.T) {
	server := redis.Start(t)
	admin := server.Client(t)
	owner := open(t, config(server.Address))
	populate(t, owner, "vip", 100)
	if err := replaceCatalogue(t, owner); err != nil {
		t.Fatal(err)
	}
	if err := admin.Do(t.Context(), readerCommand(t)...).Err(); err != nil {
		t.Fatal(err)
	}
	cfg := config(server.Address)
	cfg.Username, cfg.Password = "reader", credentials.NewSecret("CHANGE-ME")
	reader := connect(t, cfg)
	_, sizes := reader.Sizes(t.Context())
	members := reader.Members(t.Context(), "vip", func(string) error { return nil })
	_, glance := reader.Glance(t.Context(), 1)
	_, profile := reader.Profile(t.Context(), 1, "p1")
	_, _, entered := reader.Entered(t.Context(), 1, "p1", []string{"vip"}, 100)
	_, outbox := reader.Outbox(t.Context(), 1, "", 10)
	_, reach := reader.Reach(t.Context(), "vip", 20_000, 20_001)
	_, hours := reader.Flows(t.Context(), "vip", sink.Hour, 0)
	_, days := reader.Flows(t.Context(), "vip", sink.Day, 0)
	_, last := reader.LastFlows(t.Context(), 0)
	_, layouts := reader.Layouts(t.Context())
	_, past := reader.MembersPage(t.Context(), "vip", 1, 0, 10)
	_, kept := reader.Chronicle(t.Context(), 1)
	parts := reader.ChronicledParts(t.Context(), 1, 0, sink.ChronicleParts, today(), today(), func(int, *pipeline.Change) error { return nil })
	chronicled(t, reader, 1)
	place, end := reader.TrailEnd(t.Context(), 1)
	_, trails := reader.Trails(t.Context(), map[int]sink.TrailPlace{1: place})
	_, some := reader.SomeProfiles(t.Context(), 1, []string{"p1", "p2"})
	_, count := reader.CountProfiles(t.Context(), 1)
	_, series := reader.KeptSeries(t.Context(), 1)
	for _, err := range []error{end, trails, some, count, series, readEach(t, reader), past, parts, kept, sizes, members, glance, profile, entered, outbox, reach, hours, days, last, layouts, readDefinitions(t, reader)} {
		if err != nil {
			t.Error(err)
		}
	}
	if _, err := reader.Open(t.Context(), 1); !sink.NeedsOperator(err) {
		t.Errorf("opening a shard gives %v", err)
	}
}

// readerCommand is the command of docs/operations.md that makes the reader.
func readerCommand(t *testing.T) (words []any) {
	t.Helper()
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		if command, found := strings.CutPrefix(line, "    redis-cli ACL SETUSER reader "); found {
			words = []any{"ACL", "SETUSER", "reader"}
			for _, word := range strings.Fields(strings.ReplaceAll(command, "'", "")) {
				words = append(words, word)
			}
			return words
		}
	}
	t.Fatal("docs/operations.md does not make a reader")
	return nil
}
