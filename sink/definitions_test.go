package sink_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	client "github.com/redis/go-redis/v9"

	"muster/sink"
	"muster/test/kit/redis"
)

func TestDefinitionsOnMiniredis(t *testing.T) {
	server := miniredis.RunT(t)
	c := client.NewClient(&client.Options{Addr: server.Addr(), DisableIdentity: true})
	t.Cleanup(func() { _ = c.Close() })
	definitionsSuite(t, config(server.Addr()), c)
}

func TestDefinitionsOnRedis(t *testing.T) {
	server := redis.Start(t)
	definitionsSuite(t, config(server.Address), server.Client(t))
}

func TestDefinitionsOnRedisCluster(t *testing.T) {
	needCluster(t)
	cluster := redis.StartCluster(t, 3, 0)
	definitionsSuite(t, config(cluster.Addresses...), cluster.Client(t))
}

// definitionsSuite is what every Redis must do with definitions.
func definitionsSuite(t *testing.T, cfg sink.Config, c client.UniversalClient) {
	for name, test := range map[string]func(*testing.T, *definitionsDesk){
		"versions follow each other":    definitionsVersions,
		"what is new is told":           definitionsSince,
		"one of two writers comes late": definitionsTwoWriters,
		"many writers lose nothing":     definitionsManyWriters,
		"the oldest are forgotten":      definitionsForgotten,
		"nothing without a deployment":  definitionsNeedInit,
		"tables go with versions":       definitionsCatalogues,
	} {
		t.Run(name, func(t *testing.T) {
			flush := func(ctx context.Context, node *client.Client) error { return node.FlushAll(ctx).Err() }
			var err error
			if cluster, ok := c.(*client.ClusterClient); ok {
				err = cluster.ForEachMaster(t.Context(), flush)
			} else {
				err = c.FlushAll(t.Context()).Err()
			}
			if err != nil {
				t.Fatal(err)
			}
			test(t, &definitionsDesk{t: t, cfg: cfg, client: c, store: open(t, cfg)})
		})
	}
}

type definitionsDesk struct {
	t      *testing.T
	cfg    sink.Config
	client client.UniversalClient
	store  *sink.Store
	head   sink.DefinitionsHead
}

// commit stores an edit on top of the last one.
func (d *definitionsDesk) commit(write map[string]string, remove ...string) {
	d.t.Helper()
	next, err := d.store.CommitDefinitions(d.t.Context(), d.head, sink.DefinitionsEdit{
		Write: write, Remove: remove, At: 1000 + d.head.Version, Who: "ann", Message: "because",
	})
	if err != nil {
		d.t.Fatal(err)
	}
	d.head = next
}

// expect demands texts by id, and that what is counted is what there is.
func (d *definitionsDesk) expect(want map[string]string) {
	d.t.Helper()
	found, err := d.store.DefinitionsSince(d.t.Context(), sink.DefinitionsHead{})
	head, all := found.Head, found.Texts
	if err != nil || head != d.head || !found.All && head.Version > 0 {
		d.t.Fatalf("the head is %+v, want %+v: %v", head, d.head, err)
	}
	got, size := map[string]string{}, int64(0)
	for id, one := range all {
		got[id] = one.Text
		size += int64(len(one.Text))
		if one.ID != id || one.Who != "ann" || one.Version < 1 || one.Version > head.Version || one.At != 999+one.Version {
			d.t.Errorf("%s is %+v", id, one)
		}
	}
	if !maps.Equal(got, want) || head.Count != len(want) || head.Bytes != size {
		d.t.Errorf("got %v with %+v, want %v", got, head, want)
	}
	past := int64(0)
	for _, text := range d.client.HVals(d.t.Context(), "m:{definitions}:past").Val() {
		past += int64(strings.Count(text, "z")) // all texts are of this letter
	}
	if past != head.Past {
		d.t.Errorf("%d bytes of the past are counted, %d are there", head.Past, past)
	}
}

func definitionsVersions(t *testing.T, d *definitionsDesk) {
	d.expect(map[string]string{})
	d.commit(map[string]string{"a": "z", "b": "zz"})
	d.commit(map[string]string{"a": "zzz", "c": "z"}, "b", "never")
	d.commit(nil, "a")
	d.expect(map[string]string{"c": "z"})
	log, err := d.store.DefinitionsVersions(t.Context(), 0, 10)
	if err != nil || len(log) != 3 {
		t.Fatal(log, err)
	}
	for i, want := range [][]sink.DefinitionsReplace{
		{{ID: "a"}, {ID: "b"}}, {{ID: "a", Was: 1}, {ID: "b", Was: 1, Removed: true}, {ID: "c"}}, {{ID: "a", Was: 2, Removed: true}},
	} {
		if got := log[i]; got.Version != int64(i+1) || !slices.Equal(got.Changes, want) || got.Who != "ann" || got.Message != "because" || got.Token == "" {
			t.Errorf("version %d is %+v, want %+v", i+1, got, want)
		}
	}
	if log, err := d.store.DefinitionsVersions(t.Context(), 1, 1); err != nil || len(log) != 1 || log[0].Version != 2 {
		t.Errorf("behind 1 comes %+v, %v", log, err)
	}
	for id, one := range map[string]struct {
		version int64
		text    string
	}{"a": {2, "zzz"}, "b": {1, "zz"}} {
		past, err := d.store.PastDefinitions(t.Context(), map[string]int64{id: one.version, "none": 1})
		if err != nil || len(past) != 1 || past[id].Text != one.text || past[id].Version != one.version {
			t.Errorf("%s of version %d is %+v, %v", id, one.version, past, err)
		}
	}
}

// Who has seen definitions reads only what is new; all of them when the log
// does not lead on from what was seen.
func definitionsSince(t *testing.T, d *definitionsDesk) {
	d.commit(map[string]string{"a": "z", "b": "zz", "c": "z"})
	seen := d.head
	expect := func(seen sink.DefinitionsHead, all bool, texts []string, removed ...string) {
		t.Helper()
		found, err := d.store.DefinitionsSince(t.Context(), seen)
		if got := slices.Sorted(maps.Keys(found.Texts)); err != nil || found.All != all || !slices.Equal(got, texts) || !slices.Equal(found.Removed, removed) || found.Head != d.head {
			t.Errorf("found %+v, %v; want all %t, %q and without %q", found, err, all, texts, removed)
		}
	}
	expect(seen, false, nil)
	d.commit(map[string]string{"a": "zz"}, "c")
	d.commit(map[string]string{"d": "z", "a": "zzz"})
	expect(seen, false, []string{"a", "d"}, "c")
	torn := seen
	torn.Token = "another"
	expect(torn, true, []string{"a", "b", "d"})
	d.cfg.DefinitionVersions = 1
	d.store = connect(t, d.cfg)
	d.commit(map[string]string{"d": "zz"})
	expect(seen, true, []string{"a", "b", "d"})
}

// Both have seen the same definitions: the later one changes nothing at all.
func definitionsTwoWriters(t *testing.T, d *definitionsDesk) {
	d.commit(map[string]string{"a": "z"})
	seen := d.head
	d.commit(map[string]string{"a": "zz"})
	before := redis.Dump(t, d.client)
	other := connect(t, d.cfg)
	if _, err := other.CommitDefinitions(t.Context(), seen, sink.DefinitionsEdit{Write: map[string]string{"b": "z"}}); !errors.Is(err, sink.ErrDefinitionsChanged) {
		t.Errorf("got %v", err)
	}
	// The same version with another token is what Redis holds after it has lost writes.
	torn := d.head
	torn.Token = "another"
	if _, err := other.CommitDefinitions(t.Context(), torn, sink.DefinitionsEdit{Remove: []string{"a"}}); !errors.Is(err, sink.ErrDefinitionsChanged) {
		t.Errorf("got %v", err)
	}
	if after := redis.Dump(t, d.client); !reflect.DeepEqual(before, after) {
		t.Errorf("%v became %v", before, after)
	}
}

// Writers that begin anew after a conflict all come through, one by one.
func definitionsManyWriters(t *testing.T, d *definitionsDesk) {
	const writers, each = 4, 5
	ended := make(chan error)
	for w := range writers {
		store := connect(t, d.cfg)
		go func() {
			for i := 0; i < each; {
				head, err := store.DefinitionsHead(t.Context())
				if err == nil {
					_, err = store.CommitDefinitions(t.Context(), head, sink.DefinitionsEdit{Write: map[string]string{fmt.Sprint("s", w, "-", i): "z"}})
				}
				switch {
				case err == nil:
					i++
				case !errors.Is(err, sink.ErrDefinitionsChanged):
					ended <- err
					return
				}
			}
			ended <- nil
		}()
	}
	for range writers {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	found, err := d.store.DefinitionsSince(t.Context(), sink.DefinitionsHead{})
	head, all := found.Head, found.Texts
	if err != nil || len(all) != writers*each || head.Version != writers*each || head.Count != len(all) {
		t.Errorf("%d definitions with %+v, %v", len(all), head, err)
	}
}

func definitionsForgotten(t *testing.T, d *definitionsDesk) {
	const logged = 25
	d.cfg.DefinitionVersions = logged
	d.store = connect(t, d.cfg)
	for range logged + 5 {
		d.commit(map[string]string{"a": "z"})
	}
	d.expect(map[string]string{"a": "z"})
	log, err := d.store.DefinitionsVersions(t.Context(), 0, 2*logged)
	if err != nil || len(log) != logged || log[0].Version != 6 {
		t.Errorf("%d versions are kept, %v", len(log), err)
	}
	// Two texts that take more together than all may: of the two the older goes.
	half := strings.Repeat("z", sink.DefinitionsPastBytes/2+1)
	for range 4 {
		d.commit(map[string]string{"a": half})
	}
	log, err = d.store.DefinitionsVersions(t.Context(), 0, 2*logged)
	if err != nil || len(log) != 1 {
		t.Errorf("%d versions are kept, %v", len(log), err)
	}
	d.expect(map[string]string{"a": half})
	if past, err := d.store.PastDefinitions(t.Context(), map[string]int64{"a": d.head.Version - 1}); err != nil || len(past) != 1 {
		t.Errorf("of the version before are kept %d texts, %v", len(past), err)
	}
}

func definitionsNeedInit(t *testing.T, d *definitionsDesk) {
	cfg := d.cfg
	cfg.Prefix = "other"
	store := connect(t, cfg)
	if _, err := store.CommitDefinitions(t.Context(), sink.DefinitionsHead{}, sink.DefinitionsEdit{}); !errors.Is(err, sink.ErrNotInitialised) {
		t.Errorf("got %v", err)
	}
	if left := d.client.Keys(t.Context(), "other*").Val(); len(left) > 0 {
		t.Errorf("there are %q", left)
	}
}

// A commit whose answer is lost may have landed or not. It lands once.
func TestADefinitionsCommitWhoseReplyIsLost(t *testing.T) {
	for name, fault := range map[string]fault{"landed": cutAfter, "lost": cutBefore} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			store := r.worker.store
			r.script(fault)
			next, err := store.CommitDefinitions(t.Context(), sink.DefinitionsHead{}, sink.DefinitionsEdit{Write: map[string]string{"a": "z"}})
			if err != nil || next.Version != 1 {
				t.Fatalf("got %+v, %v", next, err)
			}
			if stored, err := r.beside.DefinitionsHead(t.Context()); err != nil || stored != next {
				t.Errorf("stored is %+v, want %+v: %v", stored, next, err)
			}
		})
	}
}
