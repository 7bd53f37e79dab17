package projection

import "muster/profile"

// node is a step on the paths that are kept. A nil node keeps nothing.
type node struct {
	whole bool // a path ends here: all below is kept
	next  map[string]*node
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
			if n.next == nil {
				n.next = map[string]*node{}
			}
			if n.next[key] == nil {
				n.next[key] = &node{}
			}
			n = n.next[key]
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
	both := &node{whole: n.whole || other.whole, next: map[string]*node{}}
	for _, from := range []*node{n, other} {
		for key, one := range from.next {
			both.next[key] = both.next[key].with(one)
		}
	}
	return both
}
