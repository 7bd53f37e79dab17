package projection

import (
	"encoding/binary"
	"math"
	"strings"

	"muster/event"
)

// Version is that of the form that an Encoder writes and of what it leaves
// away. It is part of the key of whatever is kept in it.
const Version = 1

// Unread is the kind of an event of which nothing is read but that it came.
const Unread int32 = 0

// What a body holds, as bits of its first byte. An empty body holds nothing.
const (
	hasBody = 1 << iota
	hasContext
	hasChannel
	hasGroup
	hasName // that the texts had no room for
)

// Tags of values.
const (
	tagMissing = iota
	tagFalse
	tagTrue
	tagFloat   // 8 bytes, little endian
	tagInteger // varint
	tagText    // length and bytes
	tagArray   // number of elements, elements
	tagObject  // fields: key and value; then keyEnd
)

// Keys of an object's fields: the end of them, one that is written out, and
// behind these the numbers of texts.
const (
	keyEnd = iota
	keyWritten
	keyNumbered
)

// Encoder cuts events down to a projection and writes what is left. It is not
// safe for concurrent use.
//
// Kinds and keys are numbers that mean something only together with Texts, so
// bodies of two Encoders can't be mixed.
type Encoder struct {
	projection Projection
	traits     *node
	calls      *node
	streams    []Stream
	kept       []kept // by stream
	wanted     map[string]*kept
	kinds      texts // type and name
	keys       texts
	kindOf     []byte // memory of the text of a kind
	turn       int    // since which Reset numbers of texts are known
}

// whole keeps everything.
var whole = &node{whole: true, reads: event.ReadAll()}

// kept is what is kept of events.
type kept struct{ properties, contexts *node }

// maxNames bounds the names of events of which an Encoder remembers what is
// kept. It forgets all when there are more.
const maxNames = 10_000

// NewEncoder returns the Encoder of a projection.
func NewEncoder(p Projection) *Encoder {
	e := &Encoder{projection: p, traits: tree(p.Traits), calls: tree(p.Calls), streams: p.Streams, wanted: map[string]*kept{}}
	for i := range p.Streams {
		e.kept = append(e.kept, kept{tree(p.Streams[i].Properties), tree(p.Streams[i].Contexts)})
	}
	e.Reset()
	return e
}

// Texts are what kinds and keys refer to: the types and names of events, and
// the keys of objects, by their numbers.
type Texts struct {
	Kinds []string `json:"kinds"` // the type as a byte, and the name
	Keys  []string `json:"keys"`
}

// Texts returns what the bodies since the last Reset refer to.
func (e *Encoder) Texts() Texts { return Texts{e.kinds.list, e.keys.list} }

// Reset begins with new Texts.
func (e *Encoder) Reset() {
	e.kinds, e.keys = newTexts(), newTexts()
	e.turn++
}

// Append appends what is kept of an event to dst, beside its profile,
// messageId and times, and returns its kind.
func (e *Encoder) Append(dst []byte, ev *event.Event) ([]byte, int32) {
	body, contexts, read := e.wants(ev.Type, ev.Name)
	known := ev.Type
	start, flags := len(dst), byte(0)
	dst = append(dst, 0)
	if dst, flags = e.part(dst, flags, hasBody, ev.Body, body); flags != 0 {
		read = true
	}
	if dst, flags = e.part(dst, flags, hasContext, ev.Context, contexts); flags&hasContext != 0 && !read {
		read, known = true, event.Alias // its name is not read
	}
	if !read {
		return dst[:start], Unread
	}
	return e.finish(dst, start, flags, known, ev)
}

// Reading is what Append needs of the properties or traits of an event.
func (e *Encoder) Reading(of event.Type, name string) *event.Reading {
	body, _, _ := e.wants(of, name)
	return body.reading()
}

// wants returns what is kept of the body and of the context of an event, and whether
// anything reads that it came.
func (e *Encoder) wants(of event.Type, name string) (body, contexts *node, read bool) {
	switch of {
	case event.Track, event.Page, event.Screen:
		if one := e.of(name); one != nil {
			return one.properties, one.contexts, true
		}
	case event.Identify:
		return e.traits, e.calls, false
	case event.Group:
		if e.projection.GroupTraits && e.projection.Groups {
			return whole, e.calls, true
		}
		return nil, e.calls, e.projection.Groups
	}
	return nil, e.calls, false
}

// part appends the kept part of a value, if any.
func (e *Encoder) part(dst []byte, flags, flag byte, v event.Value, n *node) ([]byte, byte) {
	if n == nil || v.IsMissing() {
		return dst, flags
	}
	start := len(dst)
	if dst = e.cut(dst, v, n); len(dst) == start {
		return dst, flags
	}
	return dst, flags | flag
}

// finish writes what stands behind body and context, and the flags.
func (e *Encoder) finish(dst []byte, start int, flags byte, of event.Type, ev *event.Event) ([]byte, int32) {
	behaviour := of == event.Track || of == event.Page || of == event.Screen
	name := ""
	if behaviour {
		name = ev.Name
	}
	if behaviour && ev.Channel != "" {
		dst, flags = appendText(dst, ev.Channel), flags|hasChannel
	}
	if of == event.Group {
		dst, flags = appendText(dst, ev.GroupID), flags|hasGroup
	}
	e.kindOf = append(append(e.kindOf[:0], byte(of)), name...)
	kind, ok := e.kinds.index[string(e.kindOf)]
	if !ok {
		if kind, ok = e.kinds.number(string(e.kindOf)); !ok {
			// The list may have no room for the bare types either, so they
			// have numbers of their own, below Unread.
			dst, flags = appendText(dst, name), flags|hasName
			dst[start] = flags
			return dst, -int32(of)
		}
	}
	if dst[start] = flags; flags == 0 {
		dst = dst[:start]
	}
	return dst, int32(kind) + 1
}

// of returns what is kept of events of a name, nil for nothing.
func (e *Encoder) of(name string) *kept {
	if one, known := e.wanted[name]; known {
		return one
	}
	var one *kept
	for i := range e.streams {
		if s := &e.streams[i]; s.Name == name || s.Prefix && strings.HasPrefix(name, s.Name) {
			if one == nil {
				one = &kept{contexts: e.calls}
			}
			one.properties = one.properties.with(e.kept[i].properties)
			one.contexts = one.contexts.with(e.kept[i].contexts)
		}
	}
	if len(e.wanted) >= maxNames {
		clear(e.wanted)
	}
	e.wanted[strings.Clone(name)] = one
	return one
}

// cut appends what a node keeps of a value, nothing if that is nothing. What
// is no object where the path goes on is kept: as a trait it hides what was
// below.
func (e *Encoder) cut(dst []byte, v event.Value, n *node) []byte {
	if n.whole || v.Kind() != event.KindObject {
		return e.value(dst, v)
	}
	start := len(dst)
	dst = append(dst, tagObject)
	for i := range v.Len() {
		key, below := v.Field(i)
		next := n.find(key)
		if next == nil {
			continue
		}
		at := len(dst)
		dst = e.known(dst, next)
		from := len(dst)
		if dst = e.cut(dst, below, next.below); len(dst) == from {
			dst = dst[:at]
		}
	}
	if len(dst) == start+1 {
		return dst[:start]
	}
	return append(dst, keyEnd)
}

// known appends the key of an edge, whose number it remembers.
func (e *Encoder) known(dst []byte, to *edge) []byte {
	if to.turn != e.turn {
		n, ok := e.keys.number(to.key)
		if !ok {
			return appendText(append(dst, keyWritten), to.key)
		}
		to.number, to.turn = n, e.turn
	}
	return binary.AppendUvarint(dst, uint64(to.number)+keyNumbered)
}

func (e *Encoder) key(dst []byte, key string) []byte {
	n, ok := e.keys.number(key)
	if !ok {
		return appendText(append(dst, keyWritten), key)
	}
	return binary.AppendUvarint(dst, uint64(n)+keyNumbered)
}

// value appends a value whole.
func (e *Encoder) value(dst []byte, v event.Value) []byte {
	switch v.Kind() {
	case event.KindBool:
		if v.True() {
			return append(dst, tagTrue)
		}
		return append(dst, tagFalse)
	case event.KindNumber:
		return appendNumber(dst, v.Number())
	case event.KindString:
		return appendText(append(dst, tagText), v.Text())
	case event.KindArray:
		dst = binary.AppendUvarint(append(dst, tagArray), uint64(v.Len()))
		for _, element := range v.Elements() {
			dst = e.value(dst, element)
		}
		return dst
	case event.KindObject:
		dst = append(dst, tagObject)
		for i := range v.Len() {
			key, below := v.Field(i)
			dst = e.value(e.key(dst, key), below)
		}
		return append(dst, keyEnd)
	}
	return append(dst, tagMissing)
}

// largestInteger is up to where every integer is a number of its own.
const largestInteger = 1 << 53

func appendNumber(dst []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) <= largestInteger && (f != 0 || !math.Signbit(f)) {
		return binary.AppendVarint(append(dst, tagInteger), int64(f))
	}
	return binary.LittleEndian.AppendUint64(append(dst, tagFloat), math.Float64bits(f))
}

func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}
