package language

import (
	"strings"

	"github.com/expr-lang/expr/ast"

	"muster/event"
	"muster/profile"
)

// edge is the first or last event of a stream, before one of its properties
// is taken.
type edge struct {
	stream Stream
	reduce profile.Reduce
}

func (e *edge) term(project *Term) *Term {
	s := e.stream
	s.Project = project
	return aggregateTerm(s, e.reduce)
}

// aggregateTerm is a reduction of a stream as a value.
func aggregateTerm(s Stream, r profile.Reduce) *Term {
	kind := event.KindNumber
	if r == profile.ReduceFirst || r == profile.ReduceLast {
		kind = s.Project.Kind
	}
	return &Term{Op: OpAggregate, Kind: kind, Aggregate: &Aggregate{Stream: s, Reduce: r}}
}

// stream checks an argument that must be a stream.
func (c *checker) stream(n ast.Node, s scope, function string) (Stream, bool) {
	o := c.operand(n, s)
	if o.stream != nil {
		return *o.stream, true
	}
	if o.term == nil || o.term.Op != OpInvalid {
		known, _ := functionOf(function)
		c.wrong(n, "as "+known.usage, "%s wants a stream of events", function)
	}
	return Stream{}, false
}

func (c *checker) events(n ast.Node, args []ast.Node, s scope) operand {
	if s != profileScope {
		return of(c.wrong(n, "a predicate sees one event at a time", "events can't be used inside a predicate"))
	}
	name, ok := c.constantText(args[0], `events("Order Completed")`)
	if !ok {
		return of(invalid)
	}
	st := Stream{Name: name, From: args[0].Location().From}
	switch star := strings.IndexByte(name, '*'); {
	case name == "":
		return of(c.wrong(args[0], `events("*") is every event`, "the event name is empty"))
	case star >= 0 && star < len(name)-1:
		return of(c.wrong(args[0], `a prefix is "Order*"`, "a * can only stand at the end of an event name"))
	case star >= 0:
		st.Name, st.Prefix = name[:star], true
	}
	st.Window, ok = c.window(args[1:])
	if !ok {
		return of(invalid)
	}
	return operand{stream: &st}
}

// window checks what follows the name in events(name, ...).
func (c *checker) window(args []ast.Node) (window, bool) {
	if len(args) == 0 {
		return window{}, true
	}
	if since, ok := args[0].(*ast.CallNode); ok && len(args) == 1 && isCallOf(since, "since") {
		return c.since(since)
	}
	from, ok := c.duration(args[0])
	if !ok {
		return window{}, false
	}
	found := window{Sliding: true, From: from}
	if len(args) == 1 {
		return found, true
	}
	if found.To, ok = c.duration(args[1]); !ok {
		return window{}, false
	}
	if found.To >= found.From {
		c.wrong(args[1], `the farther end comes first, as events("A", "30d", "7d")`, "the window is empty")
		return window{}, false
	}
	return found, true
}

func isCallOf(n *ast.CallNode, name string) bool {
	id, ok := n.Callee.(*ast.IdentifierNode)
	return ok && id.Value == name
}

func (c *checker) since(node *ast.CallNode) (window, bool) {
	const usage = `since("2026-11-01")`
	if len(node.Arguments) != 1 {
		c.wrong(node, "as "+usage, "since takes 1 argument, not %d", len(node.Arguments))
		return window{}, false
	}
	text, ok := c.constantText(node.Arguments[0], usage)
	if !ok {
		return window{}, false
	}
	ms, ok := event.ParseTime(text)
	if !ok {
		c.wrong(node.Arguments[0], "write 2026-11-21 or 2026-11-21T10:00:00Z", "%q is not a date", text)
	}
	return window{Since: ms}, ok
}

// duration checks a constant such as "30d" and returns its milliseconds.
func (c *checker) duration(n ast.Node) (int64, bool) {
	return c.durationOf(n, c.value(n, profileScope))
}

func (c *checker) durationOf(node ast.Node, term *Term) (int64, bool) {
	const forms = `durations are written "90s", "15m", "12h", "30d" or "2w"`
	if term.Op == OpInvalid {
		return 0, false
	}
	if term.Op != OpConst || term.Kind != event.KindString {
		c.wrong(node, forms, "a duration is wanted here")
		return 0, false
	}
	ms, message := parseDuration(term.Value.Text())
	if message != "" {
		c.wrong(node, forms, "%s", message)
		return 0, false
	}
	return ms, true
}

// within is the scope of a predicate over a stream.
func (s Stream) within() scope { return scope{event: true, element: s.Project} }

// narrowed returns the stream with one more predicate.
func (s Stream) narrowed(predicate *Term) Stream {
	if s.Where != nil {
		predicate = &Term{Op: OpAnd, Kind: event.KindBool, Args: []*Term{s.Where, predicate}}
	}
	s.Where = predicate
	return s
}

func (c *checker) filter(n ast.Node, args []ast.Node, s scope) operand {
	source := c.operand(args[0], s)
	if source.stream == nil {
		return of(c.narrowList("filter", args, c.asValue(args[0], source), s))
	}
	st, ok := c.usableStream(n, *source.stream, "filter")
	if !ok {
		return of(invalid)
	}
	st = st.narrowed(c.condition(args[1], st.within()))
	return operand{stream: &st}
}

func (c *checker) mapTo(n ast.Node, args []ast.Node, s scope) operand {
	source := c.operand(args[0], s)
	if source.stream == nil {
		return of(c.narrowList("map", args, c.asValue(args[0], source), s))
	}
	st, ok := c.usableStream(n, *source.stream, "map")
	if !ok {
		return of(invalid)
	}
	st.Project = c.value(args[1], st.within())
	return operand{stream: &st}
}

const uniqHint = `put uniq outermost, as len(uniq(map(events("A"), .sku))) > 2`

// usable is a stream that has not been made distinct.
func (c *checker) usable(n, arg ast.Node, s scope, function string) (Stream, bool) {
	st, ok := c.stream(arg, s, function)
	if !ok {
		return Stream{}, false
	}
	return c.usableStream(n, st, function)
}

// usableStream refuses a stream that has been made distinct.
func (c *checker) usableStream(n ast.Node, st Stream, function string) (Stream, bool) {
	if st.unique {
		c.wrong(n, uniqHint, "%s can't follow uniq", function)
		return Stream{}, false
	}
	return st, c.apart(n, &st, function)
}

func (c *checker) uniq(n ast.Node, args []ast.Node, s scope) operand {
	st, ok := c.stream(args[0], s, "uniq")
	if !ok {
		return of(invalid)
	}
	if st.Project == nil {
		return of(c.wrong(n, `as len(uniq(map(events("A"), .sku)))`, "uniq wants values, not whole events"))
	}
	if c.wholeLists(n, &st) {
		return of(invalid)
	}
	st.unique = true
	return operand{stream: &st}
}

func (c *checker) sum(n ast.Node, args []ast.Node, s scope) operand {
	source := c.operand(args[0], s)
	if source.stream == nil {
		return of(c.foldList("sum", args, c.asValue(args[0], source), s))
	}
	st, ok := c.usableStream(n, *source.stream, "sum")
	if !ok {
		return of(invalid)
	}
	if len(args) == 2 {
		st.Project = c.value(args[1], st.within())
	}
	return of(c.numbers(n, st, profile.ReduceSum, "sum"))
}

func (c *checker) extreme(n ast.Node, name string, args []ast.Node, s scope) *Term {
	source := c.operand(args[0], s)
	if source.stream == nil {
		return c.foldList(name, args, c.asValue(args[0], source), s)
	}
	st, ok := c.usableStream(n, *source.stream, name)
	if !ok {
		return invalid
	}
	if len(args) == 2 {
		return c.wrong(n, "as "+name+`(map(events("A"), .price))`, "%s of a stream takes 1 argument, not 2", name)
	}
	reduce := map[string]profile.Reduce{"mean": profile.ReduceMean, "min": profile.ReduceMin, "max": profile.ReduceMax}[name]
	return c.numbers(n, st, reduce, name)
}

// numbers reduces a stream's numbers to one.
func (c *checker) numbers(n ast.Node, s Stream, r profile.Reduce, name string) *Term {
	known, _ := functionOf(name)
	usage := known.usage
	if s.Project != nil && s.Project.Kind == event.KindArray {
		usage = perEvent(name)
	}
	switch {
	case s.Project == nil:
		return c.wrong(n, "as "+usage, "a property to take the numbers from is missing")
	case s.Project.Kind != event.KindMissing && s.Project.Kind != event.KindNumber:
		return c.wrong(n, "as "+usage, "numbers are wanted; this is %s of each event", kindPhrase(s.Project.Kind))
	}
	return aggregateTerm(s, r)
}

func (c *checker) firstLast(n ast.Node, name string, arg ast.Node, s scope) operand {
	st, ok := c.usable(n, arg, s, name)
	if !ok {
		return of(invalid)
	}
	e := edge{stream: st, reduce: profile.ReduceFirst}
	if name == "last" {
		e.reduce = profile.ReduceLast
	}
	if st.Project != nil {
		return of(e.term(st.Project))
	}
	return operand{edge: &e}
}
