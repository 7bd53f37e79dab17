package sink_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"muster/pipeline"
	"muster/sink"
	"muster/stream"
)

func TestAForeignTypeIsReportedAndStopsTheShard(t *testing.T) {
	for name, faults := range map[string][]fault{"answered": nil, "reply lost": {cutAfter}} {
		for _, key := range []string{
			"m:{s0}:timers", "m:{s0}:names", "m:{s0}:catalog", "m:{s0}:gaps", "m:{s0}:out", "m:{s0}:seg:vip", "m:{s0}:size",
		} {
			t.Run(name+" "+key, func(t *testing.T) {
				r := newRig(t, nil)
				c := r.server.Client(t)
				if err := c.Set(t.Context(), key, "foreign", 0).Err(); err != nil {
					t.Fatal(err)
				}
				r.script(faults...)
				commit := r.worker.next()
				commit.Gap = &pipeline.Gap{From: commit.From, To: commit.Next}
				err := r.worker.commit(t, commit)
				var partial *sink.PartialError
				if !errors.As(err, &partial) || partial.Shard != 0 || !strings.Contains(partial.Command, key) {
					t.Fatalf("commit returned %v, want a PartialError naming %s", err, key)
				}
				if _, err := r.beside.Open(t.Context(), 0); !errors.Is(err, sink.ErrBroken) {
					t.Errorf("open returned %v, want ErrBroken", err)
				}
				err = r.worker.commit(t, r.worker.next())
				if !errors.Is(err, sink.ErrBroken) {
					t.Errorf("the next commit returned %v, want ErrBroken", err)
				}
				if !stream.IsFatal(err) || !stream.IsFatal(fmt.Errorf("committing: %w", partial)) {
					t.Error("the shard's partition would be tried again for ever")
				}
				start(t, r.beside, 1).step(t) // other shards go on
			})
		}
	}
}

func TestAForeignTypeAtMetaAppliesNothing(t *testing.T) {
	r := newRig(t, nil)
	c := r.server.Client(t)
	if err := c.Set(t.Context(), "m:{s0}:meta", "foreign", 0).Err(); err != nil {
		t.Fatal(err)
	}
	r.script()
	err := r.worker.commit(t, r.worker.next())
	if err == nil || !strings.Contains(err.Error(), "WRONGTYPE") || r.sent() != 0 {
		t.Fatalf("commit returned %v after %d EXECs, want WRONGTYPE and none", err, r.sent())
	}
}

func TestUnreadableMetaIsNamed(t *testing.T) {
	r := newRig(t, nil)
	if err := r.server.Client(t).HSet(t.Context(), "m:{s0}:meta", "next", "soon").Err(); err != nil {
		t.Fatal(err)
	}
	_, err := r.beside.Open(t.Context(), 0)
	if err == nil || !strings.Contains(err.Error(), `m:{s0}:meta holds "soon" in field next`) {
		t.Fatalf("got %v", err)
	}
}
