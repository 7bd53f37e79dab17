package language

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"

	"muster/profile"
)

// NameKind says what of the data a Named asks for.
type NameKind uint8

// The kinds of names.
const (
	NameOfEvent NameKind = iota // events of a name
	NameOfTrait
	NameOfProperty // of the events of a name
	NameOfContext  // in the context of the events of a name
	NameOfCall     // in the context of any call
	NameOfGroup    // a trait of a group
)

// Named is a place of a rule that asks for something by a name which only
// the data has, so that no check without data can tell whether it is spelled
// right.
type Named struct {
	From   int // in runes
	Kind   NameKind
	Event  string // name of the events, a prefix of it when Prefix is set
	Prefix bool
	Path   string // as PathText writes it, with ContextText or GroupText before it; "" of events
}

// PathText writes keys as rules do, each behind what is before: .a["b c"].
// Behind a list stands [], for its elements.
func PathText(before []byte, key string) []byte {
	if isWord(key) {
		return append(append(before, '.'), key...)
	}
	return append(strconv.AppendQuote(append(before, '['), key), ']')
}

// ElementText stands in the path of what is in a list. ContextText stands
// before a path in a context, and GroupText before one of a group's traits.
const (
	ElementText = "[]"
	ContextText = "context"
	GroupText   = "groups" + ElementText
)

// from notes where a name is written.
func (o operand) from(n ast.Node) operand {
	t := o.term
	if t == nil || t.Op == OpInvalid {
		return o
	}
	if t.Op == OpAggregate && t.Aggregate.Stream.Project != nil {
		t = t.Aggregate.Stream.Project
	}
	t.From = n.Location().From
	return o
}

// Names lists what a rule asks for by name, in the order of its text.
func (c Checked) Names() []Named {
	m := &namer{}
	if c.Term != nil {
		m.walk(c.Term, nil, spot{})
	}
	slices.SortFunc(m.list, func(a, b Named) int {
		return cmp.Or(a.From-b.From, int(a.Kind)-int(b.Kind), cmp.Compare(a.Event, b.Event), cmp.Compare(a.Path, b.Path))
	})
	return slices.Compact(m.list)
}

// namer gathers the names in one rule.
type namer struct{ list []Named }

// spot is the path at which a value stands in the data.
type spot struct {
	kind  NameKind
	path  string
	known bool
}

// walk looks at a term within the predicate of a stream, or nil, and of a list
// whose elements stand at an spot.
func (m *namer) walk(t *Term, stream *Stream, element spot) {
	if t == nil {
		return
	}
	if at := spotOf(t, element); at.known && t.Op != OpFilterOf && t.Name != "" && !isGroupID(at) {
		m.note(t.From, at, stream)
	}
	if a := t.Aggregate; a != nil {
		m.stream(&a.Stream)
		for i := range a.Steps {
			m.stream(&a.Steps[i])
		}
		return
	}
	for i, arg := range t.Args {
		if t.Op >= OpAnyOf && i == 1 {
			at := spotOf(t.Args[0], element)
			at.path += ElementText
			m.walk(arg, stream, at)
			continue
		}
		m.walk(arg, stream, element)
	}
}

// stream looks at the events of an aggregate. The stream of several steps is
// of no events itself.
func (m *namer) stream(s *Stream) {
	if s.Calls {
		m.note(s.Project.From, spot{kind: NameOfCall, path: spotOf(s.Project, spot{}).path}, nil)
		return
	}
	if s.Name != "" {
		m.list = append(m.list, Named{From: s.From, Kind: NameOfEvent, Event: s.Name, Prefix: s.Prefix})
	}
	m.walk(s.Where, s, spot{})
	m.walk(s.Project, s, spot{})
}

func (m *namer) note(from int, at spot, stream *Stream) {
	one := Named{From: from, Kind: at.kind, Path: at.path}
	if stream != nil && (at.kind == NameOfProperty || at.kind == NameOfContext) {
		one.Event, one.Prefix = stream.Name, stream.Prefix
	}
	m.list = append(m.list, one)
}

// isGroupID reports whether a path is that of a group's id, which every group
// has.
func isGroupID(at spot) bool {
	return at.kind == NameOfGroup && (at.path == GroupText+"."+profile.GroupIDField || at.path == GroupText+".id")
}

// spotOf returns where the value of a term stands in the data, as far as
// that is one path.
func spotOf(t *Term, element spot) spot {
	at := spot{known: true}
	switch t.Op {
	case OpTrait:
		at.kind = NameOfTrait
	case OpProperty:
		at.kind = NameOfProperty
	case OpContext:
		at.kind, at.path = NameOfContext, ContextText
	case OpGroupList:
		at.kind, at.path = NameOfGroup, strings.TrimSuffix(GroupText, ElementText)
	case OpElement:
		at = element
	case OpFilterOf:
		return spotOf(t.Args[0], element)
	default:
		return spot{}
	}
	if t.Name != "" {
		text := []byte(at.path)
		for _, key := range profile.Path(t.Name).Keys() {
			text = PathText(text, key)
		}
		at.path = string(text)
	}
	return at
}
