package profile

import (
	"strings"
	"testing"

	"muster/event"
)

// TestAllTooLongToKeep: of a profile that has said nothing of its context but
// what is too long to be kept, nothing is known.
func TestAllTooLongToKeep(t *testing.T) {
	said := Series{Key: "said", Keep: KeepTotalLast, Calls: true, Project: func(ev *event.Event) event.Value { return ev.Context.Get("page") }}
	schema, cfg, p := NewSchema(nil, []Series{said}), Default(), New("p")
	ev := track(start, 1)
	ev.Context = object("page", event.StringOf(strings.Repeat("x", cfg.ContextBytes+1)))
	if changed := apply(t, p, schema, cfg, ev); len(changed.Series) > 0 {
		t.Errorf("changed %v", changed.Series)
	}
	if got := p.Read(schema, Query{Reduce: ReduceLast}, start); !got.IsMissing() {
		t.Errorf("it reads as %v", got)
	}
}
