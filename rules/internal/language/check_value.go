package language

import (
	"github.com/expr-lang/expr/ast"

	"muster/event"
	"muster/profile"
)

// Constant is the term that yields a value.
func Constant(v event.Value) *Term { return &Term{Op: OpConst, Kind: v.Kind(), Value: v} }

// literal checks what stands for itself.
func (c *checker) literal(n ast.Node) *Term {
	switch n := n.(type) {
	case *ast.NilNode:
		return &Term{Op: OpNil}
	case *ast.BoolNode:
		return Constant(event.BoolOf(n.Value))
	case *ast.IntegerNode:
		return Constant(event.NumberOf(float64(n.Value)))
	case *ast.FloatNode:
		return Constant(event.NumberOf(n.Value))
	case *ast.StringNode:
		return Constant(event.StringOf(n.Value))
	case *ast.ArrayNode:
		return c.list(n)
	case *ast.MapNode:
		return c.wrong(n, "compare the fields one by one", "objects can't be written in a rule")
	case *ast.SliceNode:
		return c.wrong(n, `use contains, startsWith or in`, "slices are not part of the language")
	case *ast.SequenceNode:
		return c.wrong(n.Nodes[1], "combine conditions with and, or", "a rule is one expression; ; is only for let")
	}
	return c.wrong(n, "", "%s is not part of the language", n.String())
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

func (c *checker) identifier(n *ast.IdentifierNode, s scope) operand {
	for i := len(c.bindings) - 1; i >= 0; i-- {
		if b := c.bindings[i]; b.name == n.Value {
			return c.inlined(n, b, s)
		}
	}
	switch n.Value {
	case "traits":
		return of(c.wrong(n, "name one, as traits.plan", "traits as a whole are not a value"))
	case "profile":
		return of(c.wrong(n, "name one of profile.id, profile.first_seen, profile.last_seen, profile.groups", "the profile as a whole is not a value"))
	}
	hint := "a trait is traits." + n.Value + ", a property inside a stream's predicate is ." + n.Value
	if near := Nearest(n.Value, append(functionNames(), "traits", "profile")); near != "" {
		hint = "did you mean " + near + "?"
	}
	return of(c.wrong(n, hint, "unknown name %s", n.Value))
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
func (c *checker) member(n *ast.MemberNode, s scope) operand {
	key, ok := n.Property.(*ast.StringNode)
	if !ok {
		return of(c.wrongField(n, `use in, any(...), first(...) or last(...) for elements; a field's name is a constant, as traits["first name"]`,
			"only a field can be taken by name"))
	}
	switch base := n.Node.(type) {
	case *ast.IdentifierNode:
		if c.bound(base.Value) {
			break
		}
		if base.Value == "traits" {
			return of(c.profileOnly(n, s, &Term{Op: OpTrait, Name: string(profile.PathOf(key.Value))}))
		}
		if base.Value == "profile" {
			return of(c.profileField(n, key.Value, s))
		}
	case *ast.PointerNode:
		if s.event && s.element == nil && base.Name == "" {
			return of(property(key.Value))
		}
	}
	o := c.operand(n.Node, s)
	switch {
	case o.edge != nil:
		return of(o.edge.term(property(key.Value)))
	case o.stream != nil:
		return of(c.wrongField(n, "take one event with first(...) or last(...), or all of them with map(..., ."+key.Value+")",
			"a stream of events has no property %s", key.Value))
	}
	return of(c.field(n, o.term, key.Value))
}

func (c *checker) bound(name string) bool {
	for _, b := range c.bindings {
		if b.name == name {
			return true
		}
	}
	return false
}

// property is an event's property or pseudo-property.
func property(name string) *Term {
	switch name {
	case "timestamp":
		return &Term{Op: OpTimestamp, Kind: event.KindTime}
	case "day":
		return &Term{Op: OpDay, Kind: event.KindString}
	case "name":
		return &Term{Op: OpEventName, Kind: event.KindString}
	}
	return &Term{Op: OpProperty, Name: string(profile.PathOf(name))}
}

// field takes a field of a value.
func (c *checker) field(n ast.Node, t *Term, key string) *Term {
	switch t.Op {
	case OpInvalid:
		return t
	case OpTrait, OpProperty, OpField:
		return &Term{Op: t.Op, Args: t.Args, Name: string(profile.Path(t.Name).Child(key))}
	case OpElement:
		path := profile.PathOf(key)
		if t.Name != "" {
			path = profile.Path(t.Name).Child(key)
		}
		return &Term{Op: OpElement, Name: string(path)}
	case OpAggregate:
		if a := t.Aggregate; a.Reduce == profile.ReduceFirst || a.Reduce == profile.ReduceLast {
			s := a.Stream
			s.Project = c.field(n, s.Project, key)
			return aggregateTerm(s, a.Reduce)
		}
	}
	if t.Kind != event.KindMissing {
		return c.wrongField(n, "", "%s has no field %s", kindPhrase(t.Kind), key)
	}
	return &Term{Op: OpField, Args: []*Term{t}, Name: string(profile.PathOf(key))}
}

var profileFields = map[string]Term{
	"id":         {Op: OpID, Kind: event.KindString},
	"first_seen": {Op: OpFirstSeen, Kind: event.KindTime},
	"last_seen":  {Op: OpLastSeen, Kind: event.KindTime},
	"groups":     {Op: OpGroups, Kind: event.KindArray},
}

func (c *checker) profileField(n ast.Node, key string, s scope) *Term {
	t, ok := profileFields[key]
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
