package oracle

import (
	"sort"
	"strings"

	"muster/event"
)

// write is one trait leaf written by one identify; a nil value removes.
type write struct {
	path  []string
	value any
	time  int64 // event time, milliseconds
}

// writes lists the leaves of an identify's traits in document order. An
// array is one leaf; an empty object writes nothing.
func writes(traits event.Value, at int64) []write {
	var list []write
	var walk func(path []string, v event.Value)
	walk = func(path []string, v event.Value) {
		for i := range v.Len() {
			key, value := v.Field(i)
			below := append(append([]string{}, path...), strings.Clone(key))
			if value.Kind() == event.KindObject {
				walk(below, value)
			} else {
				list = append(list, write{path: below, value: plain(value), time: at})
			}
		}
	}
	if traits.Kind() == event.KindObject {
		walk(nil, traits)
	}
	return list
}

// replay applies all writes by event time, ties in the order of the log,
// and returns the traits as a tree in which every map is an inner node.
func replay(log []write) map[string]any {
	ordered := append([]write{}, log...)
	sort.SliceStable(ordered, func(i, j int) bool { return ordered[i].time < ordered[j].time })
	root := map[string]any{}
	for _, w := range ordered {
		if w.value == nil {
			remove(root, w.path)
		} else {
			put(root, w.path, w.value)
		}
	}
	return root
}

// put replaces whatever is at the path and below, and any leaf on the way.
func put(node map[string]any, path []string, value any) {
	if len(path) == 1 {
		node[path[0]] = value
		return
	}
	child, ok := node[path[0]].(map[string]any)
	if !ok {
		child = map[string]any{}
		node[path[0]] = child
	}
	put(child, path[1:], value)
}

// remove deletes whatever is at the path and below, any leaf on the way (as
// RFC 7396 does: what has a field is an object), and every parent that is
// left without leaves.
func remove(node map[string]any, path []string) {
	if len(path) == 1 {
		delete(node, path[0])
		return
	}
	child, ok := node[path[0]].(map[string]any)
	if !ok {
		delete(node, path[0])
		return
	}
	remove(child, path[1:])
	if len(child) == 0 {
		delete(node, path[0])
	}
}
