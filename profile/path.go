package profile

import "strings"

// Path names a trait leaf or subtree: keys from the root, outermost first,
// joined by a zero byte. Zero bytes inside keys are escaped, so two
// different key lists never share a Path, and everything below a path sorts
// directly behind it.
type Path string

const pathSeparator = "\x00"

var (
	pathEscape   = strings.NewReplacer("\x00", "\x01\x02", "\x01", "\x01\x01")
	pathUnescape = strings.NewReplacer("\x01\x02", "\x00", "\x01\x01", "\x01")
)

// PathOf returns the path of the given keys.
func PathOf(keys ...string) Path {
	var p Path
	for i, k := range keys {
		if i == 0 {
			p = Path(escapeKey(k))
			continue
		}
		p = p.Child(k)
	}
	return p
}

func escapeKey(k string) string {
	if strings.IndexByte(k, 0) < 0 && strings.IndexByte(k, 1) < 0 {
		return k
	}
	return pathEscape.Replace(k)
}

// escaped reports whether every key of p is escaped as Child does it.
func (p Path) escaped() bool {
	for {
		i := strings.IndexByte(string(p), 1)
		if i < 0 {
			return true
		}
		if i+1 == len(p) || p[i+1] != 1 && p[i+1] != 2 {
			return false
		}
		p = p[i+2:]
	}
}

// Child returns the path of key below p.
func (p Path) Child(key string) Path { return p + pathSeparator + Path(escapeKey(key)) }

// Keys returns the keys from the root.
func (p Path) Keys() []string {
	keys := strings.Split(string(p), pathSeparator)
	for i, k := range keys {
		keys[i] = pathUnescape.Replace(k)
	}
	return keys
}

// Parent returns the path one key shorter, and false at the root.
func (p Path) Parent() (Path, bool) {
	i := strings.LastIndexByte(string(p), 0)
	if i < 0 {
		return "", false
	}
	return p[:i], true
}

// Below reports whether p lies strictly below q.
func (p Path) Below(q Path) bool {
	return len(p) > len(q) && p[len(q)] == 0 && p[:len(q)] == q
}
