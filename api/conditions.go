package api

import "strings"

// condition is when a write is made, by what its client has seen (RFC 9110,
// section 13).
type condition struct {
	ifMatch     string // the header, "" for none
	ifNoneMatch string
}

// holds reports whether the condition is met by what has a tag now, "" for
// what is not there.
func (c condition) holds(tag string) bool {
	if c.ifMatch != "" && !listsTag(c.ifMatch, tag, false) {
		return false
	}
	return c.ifNoneMatch == "" || !listsTag(c.ifNoneMatch, tag, true)
}

// listsTag reports whether a list of tags has one, or is * and there is one. Where
// it is compared weakly, W/ before a tag means nothing; else no such tag is the
// same as any.
func listsTag(list, tag string, weakly bool) bool {
	if tag == "" {
		return false
	}
	for one := range strings.SplitSeq(list, ",") { // no tag of this API has a comma
		if one = strings.TrimSpace(one); weakly {
			one = strings.TrimPrefix(one, "W/")
		}
		if one == "*" || one == tag {
			return true
		}
	}
	return false
}
