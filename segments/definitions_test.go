package segments_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"muster/pipeline"
	"muster/rules"
	"muster/segments"
	"muster/sink"
)

var ann = segments.Author{Who: "ann", Message: "because"}

// newStore returns a deployment on a Redis of its own.
func newStore(t testing.TB) (*sink.Store, *miniredis.Miniredis) {
	t.Helper()
	server := miniredis.RunT(t)
	cfg := sink.Default()
	cfg.Addresses, cfg.Buckets, cfg.RetryFor = []string{server.Addr()}, 8, 0
	store, err := sink.New(t.Context(), cfg)
	if err == nil {
		err = store.Init(t.Context(), 2)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store, server
}

func newDefinitions(store *sink.Store) *segments.Definitions {
	now := int64(1000)
	return segments.NewDefinitions(store, func() int64 { now++; return now }, nil)
}

func text(id, rule string) string { return fmt.Sprintf("id: %s\nrule: %s\n", id, rule) }

func TestDefinitionsArePutAndDeleted(t *testing.T) {
	store, _ := newStore(t)
	d := newDefinitions(store)
	first, created, err := d.Put(t.Context(), "old", "# wise\n"+text("old", "traits.age > 60"), 0, ann)
	want := segments.Definition{ID: "old", Version: 1, At: 1001, Who: "ann", Text: "# wise\nid: old\nrule: traits.age > 60\n"}
	if err != nil || first != want || !created {
		t.Fatalf("got %+v, %v; want %+v", first, err, want)
	}
	if again, created, err := d.Put(t.Context(), "old", want.Text, segments.Any, ann); err != nil || again != want || created {
		t.Errorf("the same text made %+v, %v", again, err)
	}
	if _, _, err := d.Put(t.Context(), "sage", text("sage", `segment("old") and`), segments.Any, ann); err == nil {
		t.Error("half a rule was taken")
	}
	if _, _, err := d.Put(t.Context(), "sage", text("sage", `segment("old") and traits.wise == true`), segments.Any, ann); err != nil {
		t.Fatal(err)
	}
	var refused *segments.RefusedError
	if err := d.Delete(t.Context(), "old", segments.Any, ann); !errors.As(err, &refused) || !strings.Contains(err.Error(), "there is no segment old") {
		t.Errorf("what another one mentions was deleted: %v", err)
	}
	if err := d.Delete(t.Context(), "sage", 2, ann); err != nil {
		t.Fatal(err)
	}
	if err := d.Delete(t.Context(), "sage", segments.Any, ann); !errors.Is(err, segments.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	list, version, err := d.List(t.Context())
	if err != nil || version != 3 || len(list) != 1 || list[0] != want {
		t.Errorf("version %d has %+v, %v", version, list, err)
	}
}

// Of two writers who have seen the same version, one gets the conflict, and
// what the other has written stays.
func TestOneOfTwoWritersGetsTheConflict(t *testing.T) {
	store, _ := newStore(t)
	if _, _, err := newDefinitions(store).Put(t.Context(), "old", text("old", "traits.age > 60"), 0, ann); err != nil {
		t.Fatal(err)
	}
	outcomes := make(chan error)
	for i := range 2 {
		go func() {
			_, _, err := newDefinitions(store).Put(t.Context(), "old", text("old", fmt.Sprint("traits.age > 7", i)), 1, ann)
			outcomes <- err
		}()
	}
	conflicts := 0
	for range 2 {
		var conflict *segments.ConflictError
		switch err := <-outcomes; {
		case errors.As(err, &conflict):
			conflicts++
			if *conflict != (segments.ConflictError{ID: "old", Want: 1, Have: 2}) {
				t.Errorf("the conflict is %+v", conflict)
			}
		case err != nil:
			t.Error(err)
		}
	}
	if one, err := newDefinitions(store).Get(t.Context(), "old"); err != nil || one.Version != 2 || conflicts != 1 {
		t.Errorf("%d conflicts, stored is %+v, %v", conflicts, one, err)
	}
	_, err := newDefinitions(store).Apply(t.Context(), segments.Edit{Remove: []string{"old"}, If: 1}, ann)
	var conflict *segments.ConflictError
	if !errors.As(err, &conflict) || *conflict != (segments.ConflictError{Want: 1, Have: 2}) {
		t.Errorf("all of version 1: %v", err)
	}
	if _, _, err := newDefinitions(store).Put(t.Context(), "old", text("old", "traits.age > 1"), 0, ann); !errors.As(err, &conflict) {
		t.Errorf("made anew: %v", err)
	}
}

// Writers of different segments do not get in each other's way.
func TestWritersOfOtherSegmentsDoNotConflict(t *testing.T) {
	store, _ := newStore(t)
	const writers = 4
	outcomes := make(chan error)
	for i := range writers {
		id := fmt.Sprint("s", i)
		go func() {
			_, _, err := newDefinitions(store).Put(t.Context(), id, text(id, "traits.age > 60"), 0, ann)
			outcomes <- err
		}()
	}
	for range writers {
		if err := <-outcomes; err != nil {
			t.Error(err)
		}
	}
	if list, version, err := newDefinitions(store).List(t.Context()); err != nil || len(list) != writers || version != writers {
		t.Errorf("version %d has %d, %v", version, len(list), err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	store, _ := newStore(t)
	d := newDefinitions(store)
	failing := "    events: [{type: identify, userId: u, traits: {age: 20}, timestamp: \"2026-11-01T10:00:00Z\"}]\n    expect: in\n"
	if _, _, err := d.Put(t.Context(), "old", text("old", "traits.age > 60")+"tests:\n  - name: wise\n"+strings.Replace(failing, "20", "70", 1), 0, ann); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Put(t.Context(), "sage", text("sage", `segment("old")`)+"tests:\n  - name: wise\n"+strings.Replace(failing, "20", "70", 1), 0, ann); err != nil {
		t.Fatal(err)
	}
	for name, one := range map[string]struct{ id, text, want string }{
		"another id":            {"a", text("b", "traits.x == 1"), "definition a:1:1: segment b: the text is of the segment b"},
		"no rule":               {"a", "id: a\n", "definition a:1:1: segment a: the segment has no rule"},
		"mistake":               {"a", text("a", "traits.x === 1"), "definition a:2:18: segment a: "},
		"unknown segment":       {"a", text("a", `segment("odl")`), "definition a:2:15: segment a: there is no segment odl"},
		"circle":                {"old", text("old", `segment("sage")`), "segments depend on each other in a circle"},
		"failing test":          {"a", text("a", "traits.age > 60") + "tests:\n  - name: young\n" + failing, "definition a:4: segment a: test young: expected profile u in, but it is out"},
		"test of who mentions":  {"old", text("old", "traits.age > 80"), "definition sage:4: segment sage: test wise: expected profile u in, but it is out"},
		"a text that is large":  {"a", text("a", "traits.x == 1") + strings.Repeat("#", rules.MaxText), "bytes; it may have 131072"},
		"id that can't be used": {"A", text("A", "traits.x == 1"), `the id "A" can't be used`},
	} {
		_, _, err := d.Put(t.Context(), one.id, one.text, segments.Any, ann)
		var refused *segments.RefusedError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), one.want) {
			t.Errorf("%s: %v, want %s", name, err, one.want)
		}
		if wrong := d.Check(t.Context(), segments.Edit{Write: map[string]string{one.id: one.text}, If: segments.Any}); !errors.As(wrong, &refused) {
			t.Errorf("%s: a check says %v", name, wrong)
		}
	}
	for _, by := range []segments.Author{{}, {Who: strings.Repeat("w", 201)}, {Who: "ann", Message: strings.Repeat("m", 2001)}} {
		if _, _, err := d.Put(t.Context(), "a", text("a", "traits.x == 1"), segments.Any, by); err == nil {
			t.Errorf("%+.20v is taken", by)
		}
	}
	if _, version, err := d.List(t.Context()); err != nil || version != 2 {
		t.Errorf("refusals have led to version %d, %v", version, err)
	}
}

func TestChangesAreBounded(t *testing.T) {
	store, _ := newStore(t)
	d := newDefinitions(store)
	large := map[string]string{}
	for i := range segments.MaxEditBytes/(rules.MaxText-1000) + 1 {
		id := fmt.Sprint("s", i)
		large[id] = text(id, "traits.x == 1") + strings.Repeat("#", rules.MaxText-1000)
	}
	_, err := d.Apply(t.Context(), segments.Edit{Write: large, If: segments.Any}, ann)
	if err == nil || !strings.Contains(err.Error(), "one may have 33554432: make it in parts") {
		t.Errorf("got %v", err)
	}
}

// What was can be looked at as far back as the log goes.
func TestOlderVersions(t *testing.T) {
	store, _ := newStore(t)
	d := newDefinitions(store)
	apply := func(write map[string]string, remove ...string) {
		t.Helper()
		if _, err := d.Apply(t.Context(), segments.Edit{Write: write, Remove: remove, If: segments.Any}, ann); err != nil {
			t.Fatal(err)
		}
	}
	a, b := text("a", "traits.x == 1"), text("b", "traits.x == 2")
	apply(map[string]string{"a": a, "b": b})
	apply(map[string]string{"a": text("a", "traits.x == 3")}, "b")
	apply(map[string]string{"b": text("b", "traits.x == 4")})
	for version, want := range []map[string]string{
		{}, {"a": a, "b": b}, {"a": text("a", "traits.x == 3")}, {"a": text("a", "traits.x == 3"), "b": text("b", "traits.x == 4")},
	} {
		then, err := d.At(t.Context(), int64(version))
		if err != nil || len(then) != len(want) {
			t.Errorf("version %d: %+v, %v", version, then, err)
		}
		for id, text := range want {
			if one, err := d.GetAt(t.Context(), id, int64(version)); then[id].Text != text || err != nil || one != then[id] {
				t.Errorf("version %d: %s is %+v and %+v, %v", version, id, then[id], one, err)
			}
		}
	}
	if _, err := d.GetAt(t.Context(), "b", 2); !errors.Is(err, segments.ErrNotFound) {
		t.Errorf("what was removed: %v", err)
	}
	for _, version := range []int64{-1, 4} {
		if _, err := d.At(t.Context(), version); !errors.Is(err, segments.ErrForgotten) {
			t.Errorf("version %d: %v", version, err)
		}
	}
	if list, err := d.Versions(t.Context(), "b", 0, 2); err != nil || len(list) != 2 || list[0].Version != 3 || list[1].Version != 2 || !list[1].Changes[0].Removed {
		t.Errorf("of b: %+v, %v", list, err)
	}
	if list, err := d.Versions(t.Context(), "b", 3, 2); err != nil || len(list) != 2 || list[0].Version != 2 || list[1].Version != 1 {
		t.Errorf("of b before version 3: %+v, %v", list, err)
	}
}

// Versions come page by page from the newest on, whatever else has changed in
// between.
func TestVersionsOfOneAmongMany(t *testing.T) {
	store, _ := newStore(t)
	d := newDefinitions(store)
	for i := range 50 {
		id := "often"
		if i%24 == 0 { // 1, 25, 49
			id = "seldom"
		}
		if _, _, err := d.Put(t.Context(), id, text(id, fmt.Sprint("traits.age > ", i)), segments.Any, ann); err != nil {
			t.Fatal(err)
		}
	}
	for _, asked := range []struct {
		before int64
		most   int
		want   string
	}{{0, 10, "[49 25 1]"}, {0, 2, "[49 25]"}, {25, 2, "[1]"}, {1, 2, "[]"}} {
		list, err := d.Versions(t.Context(), "seldom", asked.before, asked.most)
		got := []int64{}
		for _, v := range list {
			got = append(got, v.Version)
		}
		if fmt.Sprint(got) != asked.want || err != nil {
			t.Errorf("before %d: %v, want %s: %v", asked.before, got, asked.want, err)
		}
	}
	if list, err := d.Versions(t.Context(), "", 0, 100); err != nil || len(list) != 50 {
		t.Errorf("%d of all, %v", len(list), err)
	}
}

// watched is a watcher over the definitions of a store that is told when to
// look.
type watched struct {
	t    *testing.T
	live *pipeline.Live
	told chan string
}

func watch(t *testing.T, store *sink.Store) *watched {
	t.Helper()
	source := segments.NewStored(store, nil)
	begun := source.Read(t.Context())
	if begun.Err != nil {
		t.Fatal(begun.Err)
	}
	set, err := begun.Build(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{t, pipeline.NewLive(set), make(chan string, 100)}
	watcher := segments.NewWatcher(source, begun, time.Millisecond, w.live, pipeline.NewSample(), segments.Observer{
		Published: func(p segments.Published) { w.told <- fmt.Sprintf("edition %d of %d", p.Edition, p.Segments) },
		Unchanged: func() { w.told <- "unchanged" },
		Refused:   func(err error) { w.told <- "refused: " + err.Error() },
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		watcher.Run(ctx, nil)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return w
}

// expect waits for what the watcher tells next.
func (w *watched) expect(want string) {
	w.t.Helper()
	select {
	case got := <-w.told:
		if !strings.HasPrefix(got, want) {
			w.t.Fatalf("told %q, want %q", got, want)
		}
	case <-time.After(time.Minute):
		w.t.Fatalf("not told %q", want)
	}
}

// Each version is published once. A set that can't be used leaves the one
// before in force, and so does a Redis that has lost everything.
func TestDefinitionsAreTakenOver(t *testing.T) {
	store, server := newStore(t)
	d := newDefinitions(store)
	put := func(id, rule string) {
		t.Helper()
		if _, _, err := d.Put(t.Context(), id, text(id, rule), segments.Any, ann); err != nil {
			t.Fatal(err)
		}
	}
	w := watch(t, store)
	w.expect("edition 1 of 0")
	put("a", "traits.x == 1")
	w.expect("edition 2 of 1")
	put("b", "traits.x == 1")
	w.expect("edition 3 of 2")
	put("b", "traits.x == 2")
	w.expect("edition 4 of 2")
	put("b", "traits.x == 2 # and no more")
	w.expect("unchanged")

	head, err := store.DefinitionsHead(t.Context())
	if err == nil {
		_, err = store.CommitDefinitions(t.Context(), head, sink.DefinitionsEdit{Write: map[string]string{"a": text("a", "traits.x ===")}, Who: "nobody"})
	}
	if err != nil {
		t.Fatal(err)
	}
	w.expect("refused: definition a:2:")
	if now := w.live.Current(); now.Number != 4 || now.Set.Len() != 2 {
		t.Errorf("in force is %d of %d", now.Number, now.Set.Len())
	}
	put("a", "traits.x == 3")
	w.expect("edition 5 of 2")

	for _, key := range server.Keys() {
		if strings.HasPrefix(key, "m:{definitions}") {
			server.Del(key)
		}
	}
	w.expect("refused: redis has lost all definitions")
	if now := w.live.Current(); now.Number != 5 || now.Set.Len() != 2 {
		t.Errorf("in force is %d of %d", now.Number, now.Set.Len())
	}
	put("c", "traits.x == 3")
	w.expect("edition 6 of 1")
	if err := d.Delete(t.Context(), "c", segments.Any, ann); err != nil {
		t.Fatal(err)
	}
	w.expect("edition 7 of 0")
	select {
	case more := <-w.told:
		t.Errorf("told %q too", more)
	default:
	}
}
