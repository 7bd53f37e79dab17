package profile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"muster/event"
)

// traitWrite is one write of the naive model.
type traitWrite struct {
	path  []string
	value event.Value
	time  int64
}

// replay is the law of traits in its plainest form: the writes by event
// time onto a tree of maps.
func replay(writes []traitWrite) map[string]any {
	writes = slices.Clone(writes)
	slices.SortStableFunc(writes, func(a, b traitWrite) int { return int(a.time - b.time) })
	root := map[string]any{}
	for _, w := range writes {
		node, last := root, len(w.path)-1
		for _, key := range w.path[:last] {
			child, ok := node[key].(map[string]any)
			if !ok {
				child = map[string]any{}
				node[key] = child
			}
			node = child
		}
		if node[w.path[last]] = w.value; w.value.IsMissing() {
			delete(node, w.path[last])
		}
	}
	return root
}

// valueOf makes a value of a tree; without leaves it is missing.
func valueOf(tree any) event.Value {
	node, ok := tree.(map[string]any)
	if !ok {
		v, _ := tree.(event.Value)
		return v
	}
	var pairs []event.Value
	for key, child := range node {
		if v := valueOf(child); !v.IsMissing() {
			pairs = append(pairs, event.StringOf(key), v)
		}
	}
	if len(pairs) == 0 {
		return event.Value{}
	}
	return event.ObjectOf(pairs)
}

func lookup(tree any, path []string) event.Value {
	for _, key := range path {
		node, ok := tree.(map[string]any)
		if !ok {
			return event.Value{}
		}
		tree = node[key]
	}
	return valueOf(tree)
}

// tracked are the paths that random writes take, nested in each other. One
// has keys with the bytes that paths are made of.
var tracked = [][]string{
	{"a"}, {"a", "b"}, {"a", "b", "c"}, {"a", "b", "d"}, {"a", "e"}, {"ab"}, {"f"}, {"f", "\x00\x01"}, {"f", "\x01"}, {"f", ""}, {""},
}

func randomWrites(r *rand.Rand, n int) []traitWrite {
	writes := make([]traitWrite, n)
	for i := range writes {
		w := traitWrite{path: tracked[r.IntN(len(tracked))], time: int64(i)}
		switch r.IntN(5) {
		case 0: // null
		case 1:
			w.value = event.ArrayOf([]event.Value{event.NumberOf(float64(i))})
		default:
			w.value = event.NumberOf(float64(i))
		}
		writes[i] = w
	}
	return writes
}

func compareTraits(t *testing.T, writes []traitWrite) {
	t.Helper()
	var traits Traits
	for _, w := range writes {
		traits.set(PathOf(w.path...), w.time, w.value)
	}
	tree := replay(writes)
	for _, path := range tracked {
		if got, want := traits.Get(PathOf(path...)), lookup(tree, path); !got.Equal(want) {
			t.Fatalf("after %v: %q is %v, want %v", writes, path, got, want)
		}
	}
	compareEach(t, &traits)
}

// trackedSchema is a schema of all paths that random writes take.
var trackedSchema = func() *Schema {
	var paths []Path
	for _, path := range tracked {
		paths = append(paths, PathOf(path...))
	}
	return NewSchema(paths, nil)
}()

// compareEach demands that what is told of each trait last is its value, if
// it is told at all, and that of those not told there is nothing.
func compareEach(t *testing.T, traits *Traits) {
	t.Helper()
	p := New("p")
	p.Traits = *traits
	told := map[int]TraitChange{}
	p.EachTrait(trackedSchema, func(trait int, value *event.Value) {
		c := TraitChange{Trait: trait}
		if value != nil {
			c.Value, c.Known = *value, true
		}
		told[trait] = c
	})
	for i, path := range trackedSchema.Traits {
		last, known := told[i]
		if want := traits.Get(path); known && last.Known && !last.Value.Equal(want) || !known && !want.IsMissing() {
			t.Fatalf("%q is told as %v (%t), want %v", path, last, known, want)
		}
	}
}

// permute calls f with every order of the list.
func permute(list []traitWrite, n int, f func()) {
	if n <= 1 {
		f()
		return
	}
	for i := range n {
		permute(list, n-1, f)
		j := 0
		if n%2 == 0 {
			j = i
		}
		list[j], list[n-1] = list[n-1], list[j]
	}
}

// TestTraitsDoNotDependOnOrder applies writes of distinct times in every
// order: every path has the same value, which is that of the model.
func TestTraitsDoNotDependOnOrder(t *testing.T) {
	r, orders := rand.New(rand.NewPCG(1, 1)), 0
	for range 150 {
		writes := randomWrites(r, 5)
		permute(writes, len(writes), func() {
			compareTraits(t, writes)
			orders++
		})
	}
	if orders != 150*120 {
		t.Errorf("%d orders", orders)
	}
}

// TestTraitsTies applies many writes of few times: of equal times the later
// to arrive wins.
func TestTraitsTies(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for range 3000 {
		writes := randomWrites(r, 12)
		for i := range writes {
			writes[i].time = int64(r.IntN(4))
		}
		compareTraits(t, writes)
	}
}

// TestPaths demands that different keys make different paths, and that what
// is below a path sorts behind it without a gap.
func TestPaths(t *testing.T) {
	keys := []string{"", "a", "b", "\x00", "\x01", "\x02", "\x01\x02", "a\x00b", "a.b", "é"}
	seen := map[Path][]string{}
	for _, a := range keys {
		for _, b := range keys {
			for _, list := range [][]string{{a}, {a, b}, {a, b, a}} {
				p := PathOf(list...)
				if old, ok := seen[p]; ok && !slices.Equal(old, list) {
					t.Errorf("%q and %q are one path", old, list)
				}
				if seen[p] = list; !slices.Equal(p.Keys(), list) {
					t.Errorf("%q reads back as %q", list, p.Keys())
				}
			}
		}
	}
	var paths []Path
	for p := range seen {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for i, p := range paths {
		gap := false
		for _, q := range paths[i+1:] {
			if !q.Below(p) {
				gap = true
			} else if gap {
				t.Fatalf("%q is below %q but something stands between them", q, p)
			}
		}
	}
}

// TestFlatten reads an identify's document into writes.
func TestFlatten(t *testing.T) {
	body := object("a", event.NumberOf(1), "b", object("c", event.Value{}, "d", object()), "e", event.ArrayOf([]event.Value{object("x", event.NumberOf(1))}))
	var got []string
	for _, w := range flatten(nil, "", true, body) {
		got = append(got, fmt.Sprintf("%q %s", w.path.Keys(), w.value.Kind()))
	}
	want := []string{`["a"] number`, `["b" "c"] missing`, `["e"] array`}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
