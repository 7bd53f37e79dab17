package language

import (
	"github.com/expr-lang/expr/ast"

	"muster/event"
	"muster/profile"
	"muster/spelling"
)

// Constant is the term that yields a value.
func Constant(v event.Value) *Term { return &Term{Op: OpConst, Kind: v.Kind(), Value: v} }

// literal checks what stands for itself.
func (c *checker) literal(node ast.Node) *Term {
	switch node := node.(type) {
	case *ast.NilNode:
		return &Term{Op: OpNil}
	case *ast.BoolNode:
		return Constant(event.BoolOf(node.Value))
	case *ast.IntegerNode:
		return Constant(event.NumberOf(float64(node.Value)))
	case *ast.FloatNode:
		return Constant(event.NumberOf(node.Value))
	case *ast.StringNode:
		return Constant(event.StringOf(node.Value))
	case *ast.ArrayNode:
		return c.list(node)
	case *ast.MapNode:
		return c.wrong(node, "compare the fields one by one", "objects can't be written in a rule")
	case *ast.SliceNode:
		return c.wrong(node, `use contains, startsWith or in`, "slices are not part of the language")
	case *ast.SequenceNode:
		return c.wrong(node.Nodes[1], "combine conditions with and, or", "a rule is one expression; ; is only for let")
	}
	return c.wrong(node, "", "%s is not part of the language", node.String())
}

// list checks an array of constants.
func (c *checker) list(n *ast.ArrayNode) *Term {
	values := make([]event.Value, 0, len(n.Nodes))
	for _, e := range n.Nodes {
		t := c.value(e, profileScope)
		if t.Op == OpInvalid {
			return invalid
		}
		if t.Op != OpConst {
			return c.wrong(e, `as traits.country in ["DE", "FR"]; combine other comparisons with or`, "a list holds constants only")
		}
		values = append(values, t.Value)
	}
	return Constant(event.ArrayOf(values))
}

func (c *checker) identifier(node *ast.IdentifierNode, s scope) operand {
	for i := len(c.bindings) - 1; i >= 0; i-- {
		if b := c.bindings[i]; b.name == node.Value {
			return c.inlined(node, b, s)
		}
	}
	if property, ok := c.column(node.Value, s); ok {
		return of(property)
	}
	switch node.Value {
	case "traits":
		return of(c.wrong(node, "name one, as traits.plan", "traits as a whole are not a value"))
	case "groups":
		return of(c.profileOnly(node, s, &Term{Op: OpGroupList, Kind: event.KindArray}))
	case "context":
		return of(c.wholeContext(node, s))
	case "profile":
		return of(c.wrong(node, "name one of profile.id, profile.first_seen, profile.last_seen, profile.groups", "the profile as a whole is not a value"))
	}
	hint := "a trait is traits." + node.Value + ", a property inside a stream's predicate is ." + node.Value
	if near := spelling.Nearest(node.Value, append(functionNames(), "traits", "context", "groups", "profile")); near != "" {
		hint = "did you mean " + near + "?"
	}
	if len(c.names) > 0 {
		hint = c.columnHint(node.Value)
	}
	return of(c.wrong(node, hint, "unknown name %s", node.Value))
}

// inlined puts what let has named into the place of its name. A predicate
// sees another thing than what stands around it: into one over events only
// constants can be taken, into one over an array also the profile's values.
func (c *checker) inlined(n *ast.IdentifierNode, b binding, s scope) operand {
	t := b.value.term
	constant := t != nil && (t.Op == OpConst || t.Op == OpInvalid)
	profile := t != nil && b.scope == profileScope && !s.event
	if b.scope == s || constant || profile {
		return b.value
	}
	return of(c.wrong(n, "a let can stand inside the predicate, in braces; a constant can be named anywhere", "%s was named outside this predicate", n.Value))
}

// pointer checks #, the element that a predicate looks at.
func (c *checker) pointer(n *ast.PointerNode, s scope) *Term {
	switch {
	case n.Name != "":
		return c.wrong(n, "a predicate sees the element only, as # or .property", "#%s is not part of the language", n.Name)
	case s.element != nil:
		return s.element
	case s.event:
		return c.wrong(n, "name a property, as .price", "# is a whole event here, not a value")
	}
	return c.wrong(n, `as any(traits.tags, # == "vip")`, "# only has a meaning inside a predicate")
}

// member checks a.b and a["b"].
func (c *checker) member(node *ast.MemberNode, visible scope) operand {
	key, ok := node.Property.(*ast.StringNode)
	if !ok {
		return of(c.wrongField(node, `use in, any(...), first(...) or last(...) for elements; a field's name is a constant, as traits["first name"]`,
			"only a field can be taken by name"))
	}
	switch base := node.Node.(type) {
	case *ast.IdentifierNode:
		if c.bound(base.Value) {
			break
		}
		if base.Value == "traits" {
			return of(c.profileOnly(node, visible, &Term{Op: OpTrait, Name: string(profile.PathOf(key.Value))}))
		}
		if base.Value == "context" {
			return of(c.profileContext(node, visible, profile.PathOf(key.Value)))
		}
		if base.Value == "profile" {
			return of(c.profileField(node, key.Value, visible))
		}
	case *ast.PointerNode:
		if visible.event && visible.element == nil && base.Name == "" {
			return of(property(key.Value))
		}
	}
	o := c.operand(node.Node, visible)
	switch {
	case o.edge != nil:
		return of(o.edge.term(property(key.Value)))
	case o.stream != nil:
		return of(c.wrongField(node, "take one event with first(...) or last(...), or all of them with map(..., ."+key.Value+")",
			"a stream of events has no property %s", key.Value))
	}
	return of(c.field(node, o.term, key.Value))
}

func (c *checker) bound(name string) bool {
	for _, b := range c.bindings {
		if b.name == name {
			return true
		}
	}
	return false
}

// property is an event's property, or what is known of every event. The latter
// have names that no client's data has, so that no property is out of reach.
func property(name string) *Term {
	switch name {
	case "event_time":
		return &Term{Op: OpEventTime, Kind: event.KindTime}
	case "event_day":
		return &Term{Op: OpEventDay, Kind: event.KindString}
	case "event_name":
		return &Term{Op: OpEventName, Kind: event.KindString}
	}
	if t := contextual(name); t != nil {
		return t
	}
	return &Term{Op: OpProperty, Name: string(profile.PathOf(name))}
}

// field takes a field of a value.
func (c *checker) field(node ast.Node, term *Term, key string) *Term {
	switch term.Op {
	case OpInvalid:
		return term
	case OpLookup:
		return c.columnOf(node, term, key)
	case OpTrait, OpProperty, OpContext, OpField:
		return &Term{Op: term.Op, Args: term.Args, Name: string(below(term.Name, key))}
	case OpElement:
		switch term.Kind {
		case event.KindMissing:
			return &Term{Op: OpElement, Name: string(below(term.Name, key))}
		case event.KindObject:
			return groupField(key)
		}
	case OpAggregate:
		if a := term.Aggregate; a.Stream.Calls {
			return contextTerm(below(a.Stream.Project.Name, key))
		} else if a.Reduce == profile.ReduceFirst || a.Reduce == profile.ReduceLast {
			s := a.Stream
			s.Project = c.field(node, s.Project, key)
			return aggregateTerm(s, a.Reduce)
		}
	}
	if one := withoutFields(term); one != nil {
		return c.wrongField(node, fieldHint(one, key), "%s has no field %s", kindPhrase(one.Kind), key)
	}
	return &Term{Op: OpField, Args: []*Term{term}, Name: string(profile.PathOf(key))}
}

// below is the path of a key below another path, "" for the root.
func below(path, key string) profile.Path {
	if path == "" {
		return profile.PathOf(key)
	}
	return profile.Path(path).Child(key)
}

var profileFields = map[string]Term{
	"id":         {Op: OpID, Kind: event.KindString},
	"first_seen": {Op: OpFirstSeen, Kind: event.KindTime},
	"last_seen":  {Op: OpLastSeen, Kind: event.KindTime},
	"groups":     {Op: OpGroups, Kind: event.KindArray},
}

func (c *checker) profileField(n ast.Node, key string, s scope) *Term {
	t, ok := profileFields[key]
	if !ok && key == "context" {
		return c.wrongField(n, "name a path, as context.device.type", "the profile has no field context")
	}
	if !ok {
		return c.wrongField(n, "there are profile.id, profile.first_seen, profile.last_seen and profile.groups; traits are traits."+key,
			"the profile has no field %s", key)
	}
	return c.profileOnly(n, s, &t)
}

// profileOnly refuses what an event's predicate can't see.
func (c *checker) profileOnly(n ast.Node, s scope, t *Term) *Term {
	if s.event {
		return c.wrong(n, "a predicate sees the event's own properties only, as .price > 10", "%s can't be used inside a stream's predicate",
			opNames[t.Op])
	}
	return t
}
