package projection

import (
	"maps"
	"slices"

	"muster/event"
	"muster/profile"
)

// node is a step on the paths that are kept. A nil node keeps nothing.
type node struct {
	whole bool // a path ends here: all below is kept
	next  map[string]*edge
	few   []*edge // those of next where they are few, as most are
	reads *event.Reading
}

// nothing reads no field.
var nothing = event.ReadFields(nil)

// reading is what has to be read for the node, which may be nil.
func (n *node) reading() *event.Reading {
	switch {
	case n == nil:
		return nothing
	case n.reads == nil && n.whole:
		n.reads = event.ReadAll()
	case n.reads == nil:
		n.reads = event.ReadFields(slices.Sorted(maps.Keys(n.next)))
	}
	return n.reads
}

// edge leads from a node to the one below it by a key.
type edge struct {
	key   string
	below *node
	// number is that of the key in the texts of a turn of an Encoder, which it is
	// known for.
	number int
	turn   int
}

// maxFew bounds the edges that are looked through one by one, which takes less time
// than to look one up.
const maxFew = 8

// find returns the edge of a key, nil for none.
func (n *node) find(key string) *edge {
	if len(n.few) == 0 {
		return n.next[key]
	}
	for _, one := range n.few {
		if one.key == key {
			return one
		}
	}
	return nil
}

// lead has a key lead to a node.
func (n *node) lead(key string, below *node) {
	if n.next == nil {
		n.next = map[string]*edge{}
	}
	one := n.next[key]
	if one == nil {
		one = &edge{key: key}
		n.next[key] = one
		if n.few = append(n.few, one); len(n.next) > maxFew {
			n.few = nil
		}
	}
	one.below = below
}

// below returns the node that a key leads to, nil for none.
func (n *node) below(key string) *node {
	if one := n.next[key]; one != nil {
		return one.below
	}
	return nil
}

// tree returns what keeps some paths, nil for none.
func tree(paths []string) *node {
	if len(paths) == 0 {
		return nil
	}
	root := &node{}
	for _, path := range paths {
		root.add(path)
	}
	return root
}

// add keeps a path; "" is all.
func (n *node) add(path string) {
	if path != "" {
		for _, key := range profile.Path(path).Keys() {
			if n.below(key) == nil {
				n.lead(key, &node{})
			}
			n = n.below(key)
		}
	}
	n.whole = true
}

// with returns what keeps all that n or another node keeps.
func (n *node) with(other *node) *node {
	if n == nil {
		return other
	}
	if other == nil {
		return n
	}
	both := &node{whole: n.whole || other.whole}
	for _, from := range []*node{n, other} {
		for key, one := range from.next {
			both.lead(key, both.below(key).with(one.below))
		}
	}
	return both
}
