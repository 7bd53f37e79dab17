package oracle

import (
	"sort"
	"strings"

	"github.com/expr-lang/expr/ast"

	"muster/event"
)

// remark is the context of one call of any type.
type remark struct {
	at      int64 // event time, milliseconds
	context map[string]any
}

// tell puts a call's context after all that was told before it or at the
// same time.
func (h *history) tell(e *event.Event) {
	if e.Context.Kind() != event.KindObject {
		return
	}
	h.contexts = append(h.contexts, remark{e.Time, object(e.Context)})
	sort.SliceStable(h.contexts, func(i, j int) bool { return h.contexts[i].at < h.contexts[j].at })
}

// context is what context.a.b is of the profile: what stands there in the
// last call that has anything there.
func (h *history) context(keys []string) any {
	for i := len(h.contexts) - 1; i >= 0; i-- {
		var value any = h.contexts[i].context
		for _, key := range keys {
			value = field(value, key)
		}
		if value != nil {
			return value
		}
	}
	return nil
}

// contextOf returns the keys of a node that spells context.a.b, also where
// let has named the beginning of it.
func (r *rewriter) contextOf(node ast.Node) ([]string, bool) { return contextPath(node, r.lets) }

func contextPath(node ast.Node, lets []*ast.VariableDeclaratorNode) ([]string, bool) {
	switch n := node.(type) {
	case *ast.ChainNode:
		return contextPath(n.Node, lets)
	case *ast.IdentifierNode:
		for i := len(lets) - 1; i >= 0; i-- {
			if lets[i].Name == n.Value {
				keys, ok := contextPath(lets[i].Value, lets[:i])
				return keys, ok && len(keys) > 0
			}
		}
		return nil, n.Value == "context"
	case *ast.MemberNode:
		key, isText := n.Property.(*ast.StringNode)
		keys, ok := contextPath(n.Node, lets)
		if !ok || !isText {
			return nil, false
		}
		return append(keys[:len(keys):len(keys)], key.Value), true
	}
	return nil, false
}

// membership is one group as the profile's own group calls told of it.
type membership struct {
	id     string
	writes []write // of its traits, in log order
}

// join notes a group call.
func (h *history) join(e *event.Event) {
	if e.GroupID == "" {
		return
	}
	for _, joined := range h.groups {
		if joined.id == e.GroupID {
			joined.writes = append(joined.writes, writes(e.Body, e.Time)...)
			return
		}
	}
	h.groups = append(h.groups, &membership{strings.Clone(e.GroupID), writes(e.Body, e.Time)})
}

// memberships is what profile.groups and groups are, by ascending id.
func (h *history) memberships() (ids, groups []any) {
	ordered := append([]*membership{}, h.groups...)
	sort.Slice(ordered, func(i, j int) bool { return ordered[i].id < ordered[j].id })
	ids, groups = []any{}, []any{}
	for _, joined := range ordered {
		traits := replay(joined.writes)
		if traits["id"] == nil {
			traits["id"] = joined.id
		}
		traits["group_id"] = joined.id
		ids, groups = append(ids, joined.id), append(groups, traits)
	}
	return ids, groups
}
