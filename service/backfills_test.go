package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/history"
	"muster/history/archive"
	"muster/history/queue"
	"muster/lookup"
	"muster/pipeline"
	"muster/rules"
)

// planned plans a request over an archive of one event in a work directory, as
// backfill start does, and returns it.
func planned(t *testing.T, work string) *history.Backfill {
	t.Helper()
	folder := t.TempDir()
	event := `{"type":"identify","userId":"u1","traits":{"spent":150},"messageId":"m1","receivedAt":"2026-11-01T10:00:00Z"}`
	if err := os.WriteFile(filepath.Join(folder, "2026-11-01.ndjson"), []byte(event+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := rules.Load(rules.Source{Data: []byte("segments:\n  - {id: vip, rule: traits.spent >= 100}\n")})
	if err != nil {
		t.Fatal(err)
	}
	settings := archive.Default()
	settings.Location, settings.Match = folder, "{yyyy}-{mm}-{dd}.ndjson"
	request := &history.Request{Archive: settings, AsOf: 1_795_000_000_000, Set: set, Limits: pipeline.Default(), OnError: history.Fail}
	if request.Layout, err = archive.NewLayout(settings); err != nil {
		t.Fatal(err)
	}
	if request.Bucket, request.Prefix, err = archive.OpenBucket(t.Context(), folder, settings); err != nil {
		t.Fatal(err)
	}
	config := history.DefaultConfig()
	config.Dir = work
	b, err := history.New(request, config)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBackfillsAreSeenDrawnAndCancelled(t *testing.T) {
	work := t.TempDir()
	b, all := planned(t, work), &backfills{work: work, reach: archive.Default()}
	id := b.ID()
	if list, err := all.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("at first there are %v, %v", list, err)
	}
	hold, err := queue.New(work).Take(t.Context(), queue.Asked{ID: id, At: time.Now(), Segments: []string{"vip"}})
	if err != nil {
		t.Fatal(err)
	}
	var wrong *lookup.InputError
	if _, err := all.Outline(t.Context(), id); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "it has no plan yet") {
		t.Errorf("without a plan: %v", err)
	}
	if _, err := b.Plan(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	outline, err := all.Outline(t.Context(), id)
	if err != nil || !strings.Contains(outline.Mermaid(), "1 objects") || !strings.Contains(outline.DOT(), "members") {
		t.Errorf("%+v, %v", outline, err)
	}
	for _, other := range []string{id[:4], "..", "../" + filepath.Base(work), "", "nobody"} {
		var absent *lookup.AbsentError
		for what, err := range map[string]error{
			"see": second(all.See(t.Context(), other)), "cancel": third(all.Cancel(t.Context(), other)), "draw": third(all.Outline(t.Context(), other)),
		} {
			if !errors.As(err, &absent) {
				t.Errorf("%s %q: %v", what, other, err)
			}
		}
	}
	if e, _, err := all.See(t.Context(), id); err != nil || e.State.Phase != queue.Waiting {
		t.Errorf("%+v, %v", e, err)
	}
	if e, err := all.Cancel(t.Context(), id); err != nil || !e.State.Phase.Active() {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := hold.Await(t.Context(), 1, func(string) {}); err != nil {
		t.Fatal(err)
	}
	err = hold.Run(t.Context(), func() queue.Figures { return queue.Figures{} }, func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, queue.ErrCancelled) {
		t.Errorf("it goes on: %v", err)
	}
	if e, _, err := all.See(t.Context(), id); err != nil || e.State.Phase != queue.Cancelled {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := all.Cancel(t.Context(), id); !errors.Is(err, queue.ErrEnded) || !strings.Contains(fmt.Sprint(err), "it is cancelled") {
		t.Errorf("twice: %v", err)
	}
}

func second[A, B any](_ A, _ B, err error) error { return err }
func third[A any](_ A, err error) error          { return err }
