package sink_test

import (
	"testing"
	"time"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// The documented user may write a chronicle, read it, clean it and reshard it.
func TestChronicleAsTheDocumentedUser(t *testing.T) {
	security := redis.NewSecurity(t)
	server := security.Start(t)
	admin := server.Client(t)
	allowReshard(t, admin)
	cfg := secured(security, server.Address)
	cfg.ChronicleKeep = chronicleKeep
	store := initialised(t, cfg, 5)
	commitChanges(t, start(t, store, 3), time.Now().UnixMilli(), "ann", "ben")
	if got := tellsOf(t, store, 3); !got.Whole || len(chronicled(t, store, 3)) != 2 {
		t.Errorf("it tells %+v", got)
	}
	if got, _, _ := readParts(t, store, 0, sink.ChronicleParts); len(got) != 2 {
		t.Errorf("read are %q", got)
	}
	if _, err := store.MembersPage(t.Context(), "vip", 3, 0, 10); err != nil {
		t.Error(err)
	}
	if _, newest, err := store.OutboxEnds(t.Context(), 3); err != nil || newest == "" {
		t.Errorf("the outbox ends at %q, %v", newest, err)
	}
	n, err := store.CleanChronicle(t.Context(), 3, []string{pipeline.ErasedName("ann")}, func(id string, _ uint64) bool { return id == "ann" })
	if err != nil || n != 1 {
		t.Errorf("cleaned %d, %v", n, err)
	}
	reshard(t, cfg, plan(t, "t5", 5, "t7", 7))
	expectNothingDenied(t, admin)
}
