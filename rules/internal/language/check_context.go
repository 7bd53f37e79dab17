package language

import (
	"github.com/expr-lang/expr/ast"

	"muster/event"
	"muster/profile"
)

// What a call says beside its properties or traits is spelled .context.x and
// .event_channel of an event, and context.x of the profile. A property that
// has one of these names is reached through .properties.

// contextual is what a name means in an event that is no property.
func contextual(name string) *Term {
	switch name {
	case "context":
		return &Term{Op: OpContext}
	case "properties":
		return &Term{Op: OpProperty}
	case "event_channel":
		return &Term{Op: OpChannel, Kind: event.KindString}
	}
	return nil
}

// contextTerm is the newest value of a path in the contexts of a profile's
// calls: what stands there in the last call that has anything there.
func contextTerm(path profile.Path) *Term {
	value := &Term{Op: OpContext, Name: string(path)}
	there := &Term{Op: OpPresent, Kind: event.KindBool, Args: []*Term{value}}
	return aggregateTerm(Stream{Prefix: true, Calls: true, Where: there, Project: value}, profile.ReduceLast)
}

// profileContext checks context.x.
func (c *checker) profileContext(n ast.Node, s scope, path profile.Path) *Term {
	if s.event {
		return c.wrong(n, "the event's own is .context"+formatPath(string(path)), "the profile's context can't be used inside a stream's predicate")
	}
	return contextTerm(path)
}

// wholeContext refuses context without a path.
func (c *checker) wholeContext(n ast.Node, s scope) *Term {
	path := "context.device.type"
	if s.event {
		path = ".context.device.type"
	}
	return c.wrong(n, "name a path, as "+path, "the context as a whole is not a value")
}

// named refuses all of a context, or all properties, as a value: a path must
// be named.
func (c *checker) named(n ast.Node, t *Term) *Term {
	of := t
	if a := t.Aggregate; a != nil && a.Stream.Project != nil {
		of = a.Stream.Project
	}
	switch {
	case of.Name != "":
	case of.Op == OpContext:
		return c.wrongField(n, "name a path, as .context.device.type; a property of that name is .properties.context", "the context as a whole is not a value")
	case of.Op == OpProperty:
		return c.wrongField(n, "name one, as .properties.price; a property of that name is .properties.properties", "the properties as a whole are not a value")
	}
	return t
}

// groupField is a field of an element of groups: a trait, or the group's id.
func groupField(key string) *Term {
	t := &Term{Op: OpElement, Name: string(profile.PathOf(key))}
	if key == profile.GroupIDField {
		t.Kind = event.KindString
	}
	return t
}

// withoutFields returns one of the terms that a term yields if none of them
// can have fields, nil if one may.
func withoutFields(term *Term) *Term {
	list := choices(term)
	for _, one := range list {
		if one.Kind == event.KindMissing {
			return nil
		}
	}
	return list[0]
}

// fieldHint says what to write for a field of something that has none.
func fieldHint(term *Term, key string) string {
	switch {
	case term.Op == OpGroups, term.Op == OpGroupList, term.Op == OpElement && term.Kind == event.KindString && term.Name == "":
		return `a group's traits are seen with any(groups, .` + key + ` == "...")`
	case term.Op == OpChannel, term.Op == OpEventName:
		return "a property of that name is .properties" + term.Op.String() + "." + key
	}
	return ""
}

// ContextFields calls f with the first name of every path of a context that
// the rule reads, of events or of the profile.
func (t *Term) ContextFields(f func(name string)) {
	if t.Op == OpContext && t.Name != "" {
		f(profile.Path(t.Name).Keys()[0])
	}
	for _, b := range t.below() {
		if b != nil {
			b.ContextFields(f)
		}
	}
}
