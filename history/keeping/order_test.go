package keeping

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"muster/history"
	"muster/history/archive"
	"muster/history/publication"
	"muster/history/queue"
	"muster/pipeline"
)

// still are shards of a service that goes by rules and has seen nothing.
type still struct{ rules string }

// Standing implements publication.Shards.
func (s *still) Standing(context.Context, int) (publication.Standing, error) {
	return publication.Standing{Rules: s.rules}, nil
}

// Seams implements publication.Shards.
func (*still) Seams(context.Context, int) ([]pipeline.Seam, error) { return nil, nil }

// doer does publications by noting them.
type doer struct {
	done []string // request, segments
	fail error
}

func (d *doer) do(_ context.Context, o *queue.Order, p *publication.Publication) (*publication.Report, error) {
	d.done = append(d.done, p.ID()+" "+strings.Join(p.Segments(), ","))
	if d.fail != nil {
		return nil, d.fail
	}
	return &publication.Report{Request: p.ID(), Run: "run of " + o.ID, Segments: p.Segments(), WholeSince: at.Format(time.RFC3339Nano)}, nil
}

// keeperOf keeps a deployment complete from an archive without events.
func keeperOf(t *testing.T) (*Keeper, *queue.Queue, *still) {
	t.Helper()
	work := t.TempDir()
	settings := archive.Default()
	settings.Location, settings.Match = t.TempDir(), "{yyyy}-{mm}-{dd}.ndjson"
	set := compile(t, `count(events("Ordered", "90d")) >= 2`)
	request := history.Request{Archive: settings, Limits: pipeline.Default(), OnError: history.Fail}
	var err error
	if request.Layout, err = archive.NewLayout(settings); err != nil {
		t.Fatal(err)
	}
	if request.Bucket, request.Prefix, err = archive.OpenBucket(t.Context(), settings.Location, settings); err != nil {
		t.Fatal(err)
	}
	config := history.DefaultConfig()
	config.Dir = work
	shards := &still{rules: set.Fingerprint()}
	return &Keeper{
		Target: publication.Target{Shards: shards, Clock: publication.WallClock{}, ID: "d", Count: 2, Shard: func(string) int { return 0 }},
		Source: publication.Source{Rules: set, Request: request, Config: config}, Config: publication.DefaultConfig(),
	}, queue.New(work), shards
}

func order(t *testing.T, q *queue.Queue, o queue.Order) string {
	t.Helper()
	made, err := q.Order(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return made.ID
}

func orderOf(t *testing.T, q *queue.Queue, id string) *queue.Order {
	t.Helper()
	all, err := q.Orders(t.Context())
	for _, o := range all {
		if o.ID == id {
			return o
		}
	}
	t.Fatalf("order %s is gone: %v", id, err)
	return nil
}

// TestOrdersAreFollowed one by one, the oldest first, and what was brought is
// noted for segments that are kept complete.
func TestOrdersAreFollowed(t *testing.T) {
	k, q, shards := keeperOf(t)
	first := order(t, q, queue.Order{Segments: []string{"pro", "by-hand"}})
	second := order(t, q, queue.Order{Segments: []string{"gone"}})
	d := &doer{}
	own := shards.rules
	shards.rules = "others"
	if _, err := k.Order(t.Context(), q, d.do); !errors.Is(err, ErrNotYet) || orderOf(t, q, first).Request != "" {
		t.Fatalf("under other rules: %v", err)
	}
	shards.rules = own
	report, err := k.Order(t.Context(), q, d.do)
	o := orderOf(t, q, first)
	if err != nil || report == nil || o.Ended.IsZero() || o.Error != "" || !reflect.DeepEqual(d.done, []string{o.Request + " by-hand,pro"}) {
		t.Fatalf("%+v, %+v, %v, %v", report, o, d.done, err)
	}
	if r, err := k.record(); err != nil || r.Segments["pro"].Run != report.Run || r.Running != nil {
		t.Errorf("what was brought is noted as %+v, %v", r, err)
	}
	if _, err := k.Order(t.Context(), q, d.do); err == nil || !strings.Contains(err.Error(), `no segment "gone"`) {
		t.Errorf("a segment that is not there: %v", err)
	}
	if o := orderOf(t, q, second); o.Ended.IsZero() || !strings.Contains(o.Error, `no segment "gone"`) || o.Request != "" {
		t.Errorf("the order that fails is %+v", o)
	}
	if report, err := k.Order(t.Context(), q, d.do); report != nil || err != nil || len(d.done) != 1 {
		t.Errorf("without an order: %+v, %v", report, err)
	}
}

// TestAnOrderIsDoneOnce although the process that has taken it is killed, before
// its run has ended or behind that.
func TestAnOrderIsDoneOnce(t *testing.T) {
	for _, ended := range []bool{false, true} {
		k, q, _ := keeperOf(t)
		id := order(t, q, queue.Order{Segments: []string{"pro"}, Again: true})
		killed, kill := context.WithCancel(t.Context())
		d := &doer{fail: context.Canceled}
		_, err := k.Order(killed, q, func(ctx context.Context, o *queue.Order, p *publication.Publication) (*publication.Report, error) {
			kill()
			return d.do(ctx, o, p)
		})
		o := orderOf(t, q, id)
		if !errors.Is(err, context.Canceled) || o.Request == "" || !o.Ended.IsZero() {
			t.Fatalf("killed: %+v, %v", o, err)
		}
		want := 2
		if ended {
			want = 1
			file := filepath.Join(k.Source.Config.Dir, "requests", o.Request, publication.StateFile)
			text := fmt.Appendf(nil, `{"run":"r","ended":%d}`, o.Taken.UnixMilli())
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, text, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		d.fail = nil
		for range 2 {
			if _, err := k.Order(t.Context(), q, d.do); err != nil {
				t.Fatal(err)
			}
		}
		if o := orderOf(t, q, id); o.Ended.IsZero() || o.Error != "" || len(d.done) != want || d.done[0] != d.done[want-1] {
			t.Errorf("ended %v: %+v was done as %v", ended, o, d.done)
		}
	}
}
