package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"muster/history/projection"
)

// Outline is what a request would do, and why.
type Outline struct {
	Archive *Listing `json:"archive"`
	Nodes   []Node   `json:"nodes"`
	Sample  *Sample  `json:"sample,omitempty"` // nil where none was taken
	width   width
}

// Node is a part of what a request depends on: what is made, of what, and why.
type Node struct {
	ID    string   `json:"id"`
	Label string   `json:"label"`
	State State    `json:"state"`
	Count int      `json:"count"`
	Bytes int64    `json:"bytes,omitempty"` // of the archive, that would be read
	Why   string   `json:"why"`
	Needs []string `json:"needs,omitempty"` // ids of nodes that it is made of
}

// State is what would be done about a node.
type State string

// The states.
const (
	Found   State = "found"   // is there, and is not made again
	Missing State = "missing" // would be made
)

// The ids of nodes.
const (
	nodeArchive = "archive"
	nodeKept    = "runs_kept"
	nodeNew     = "runs_new"
	nodeWider   = "runs_wider"
	nodeBase    = "slices_base"
	nodeSlices  = "slices"
	nodeMembers = "members"
	nodePatches = "patches"
)

// Outline returns what Run would do now. It lists the archive and reads nothing
// else of it.
func (b *Backfill) Outline(ctx context.Context) (*Outline, error) {
	o, l, first, err := b.outlineRuns(ctx)
	if err != nil {
		return nil, err
	}
	return o, o.slices(b, l, first)
}

// PatchOutline returns what Patches would do now, as Outline does for Run.
func (b *Backfill) PatchOutline(ctx context.Context) (*Outline, error) {
	o, _, _, err := b.outlineRuns(ctx)
	if err != nil {
		return nil, err
	}
	return o, o.patches(b)
}

// patches adds the files of patches. Some are there where the request was planned, so
// that the seams are known, and the sorted runs were found.
func (o *Outline) patches(b *Backfill) error {
	missing := o.width.count()
	if b.todo != nil && b.patching != nil {
		in := &inputs{}
		err := b.work.readJSON(requestFile(b.todo.Request, "inputs.json"), in)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil && in.Parts == b.todo.key() {
			list, err := b.missing(in, o.width.all())
			if err != nil {
				return err
			}
			missing = len(list)
		}
	}
	needs := o.ids("runs")
	o.node(nodePatches+"_kept", "files of patches", Found, o.width.count()-missing, 0, "they hold what arrived before these seams", needs...)
	o.node(nodePatches, "files of patches", Missing, missing, 0, "they hold what arrived before the seams, which a start opens", needs...)
	return nil
}

// outlineRuns is the part of an outline up to the sorted runs. It also returns the
// earliest arrival of each object, as far as it is known.
func (b *Backfill) outlineRuns(ctx context.Context) (*Outline, *Listing, map[string]int64, error) {
	l, err := b.request.list(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	if l.Chosen.Objects == 0 {
		return nil, nil, nil, b.request.nothing(l)
	}
	o, first, err := b.outlineOf(l)
	return o, l, first, err
}

// outlineOf is outlineRuns of what was listed.
func (b *Backfill) outlineOf(l *Listing) (*Outline, map[string]int64, error) {
	x, err := newIndex(b.request, b.work, &b.config, &b.progress)
	if err != nil {
		return nil, nil, err
	}
	others, err := x.narrower()
	if err != nil {
		return nil, nil, err
	}
	o := &Outline{Archive: l, width: widthFor(l.Chosen.Bytes, 1)}
	if b.todo != nil {
		o.width = b.width()
	}
	o.node(nodeArchive, fmt.Sprintf("archive %s/%s", b.request.Bucket, b.request.Prefix), Found, l.Chosen.Objects, 0, "it is listed anew")
	first, err := o.runs(x, l, others)
	return o, first, err
}

// narrower returns the projections of other requests that do not cover this
// one's.
func (x *index) narrower() ([]projection.Projection, error) {
	files, err := x.work.list("projections", ".json")
	if err != nil {
		return nil, err
	}
	var list []projection.Projection
	for _, file := range files {
		var p projection.Projection
		if err := x.work.readJSON(file, &p); err != nil {
			return nil, err
		}
		if !p.Covers(x.wanted) {
			list = append(list, p)
		}
	}
	return list, nil
}

func (o *Outline) node(id, label string, s State, count int, bytes int64, why string, needs ...string) {
	if count > 0 {
		o.Nodes = append(o.Nodes, Node{id, label, s, count, bytes, why, needs})
	}
}

// sorted runs adds the sorted runs, and returns the earliest arrival of each object, as far
// as it is known.
func (o *Outline) runs(x *index, l *Listing, others []projection.Projection) (map[string]int64, error) {
	first := map[string]int64{}
	var kept, fresh, wider Totals
	for i := range l.items {
		one := &l.items[i]
		key, err := x.find(one)
		if err != nil {
			return nil, err
		}
		first[shortKey(one.key)] = 0
		totals := &kept
		if key == "" {
			totals = &fresh
			for _, p := range others {
				there, err := x.work.exists(runFile(runKey(one.key, p)))
				if err != nil {
					return nil, err
				}
				if there {
					totals = &wider
				}
			}
		} else {
			n, err := x.note(one, key)
			if err != nil {
				return nil, err
			}
			first[shortKey(one.key)] = n.First
		}
		totals.add(one.Object)
	}
	o.node(nodeKept, "sorted runs", Found, kept.Objects, 0, "they hold all that the segments read", nodeArchive)
	o.node(nodeNew, "sorted runs", Missing, fresh.Objects, fresh.Bytes, "their objects are new, or have changed", nodeArchive)
	o.node(nodeWider, "sorted runs", Missing, wider.Objects, wider.Bytes, "the segments read more than was kept of their objects", nodeArchive)
	return first, nil
}

// slices adds the slices and what is gathered of them.
func (o *Outline) slices(b *Backfill, l *Listing, first map[string]int64) error {
	objects := make([]string, len(l.items))
	for i := range l.items {
		objects[i] = shortKey(l.items[i].key)
	}
	to := newBase(b.request.rules(), b.request.AsOf, objects, nil, o.width)
	missing, err := b.work.missing(to.key(), o.width, o.width.all())
	if err != nil {
		return err
	}
	needs := o.ids("runs")
	why := "no profiles of these segments, objects and limits are there to go on from"
	if len(missing) > 0 {
		from, err := findBase(b.work, to, first)
		if err != nil {
			return err
		}
		if from != nil {
			at := time.UnixMilli(from.AsOf).UTC().Format(time.RFC3339)
			why = "they go on from " + at + ", if what is new arrived after it"
			o.node(nodeBase, "slices as of "+at, Found, o.width.count(), 0, "all their objects take part")
			needs = append(needs, nodeBase)
		}
	}
	done := o.width.count() - len(missing)
	o.node(nodeSlices+"_kept", "slices", Found, done, 0, "they were made of these objects, for these segments and this as-of", needs...)
	o.node(nodeSlices, "slices", Missing, len(missing), 0, why, needs...)
	o.node(nodeMembers, "members", Missing, b.request.Set.Len(), 0, "they are gathered each time", o.ids(nodeSlices)...)
	return nil
}

// ids returns those that begin so, but for the base.
func (o *Outline) ids(beginning string) []string {
	var list []string
	for _, n := range o.Nodes {
		if strings.HasPrefix(n.ID, beginning) && n.ID != nodeBase {
			list = append(list, n.ID)
		}
	}
	return list
}

// Mermaid draws the outline as a flowchart of Mermaid.
func (o *Outline) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for _, n := range o.Nodes {
		fmt.Fprintf(&b, "  %s[\"%s<br/>%s: %s\"]:::%s\n", n.ID, n.title(), n.State, n.Why, n.State)
	}
	for _, n := range o.Nodes {
		for _, need := range n.Needs {
			fmt.Fprintf(&b, "  %s --> %s\n", need, n.ID)
		}
	}
	b.WriteString("  classDef found fill:#dff0d8,stroke:#3c763d\n  classDef missing fill:#fcf8e3,stroke:#8a6d3b\n")
	return b.String()
}

// DOT draws the outline in the language of Graphviz.
func (o *Outline) DOT() string {
	var b strings.Builder
	b.WriteString("digraph backfill {\n  rankdir=LR\n  node [shape=box, style=filled]\n")
	colours := map[State]string{Found: "#dff0d8", Missing: "#fcf8e3"}
	for _, n := range o.Nodes {
		fmt.Fprintf(&b, "  %s [label=%q, fillcolor=%q]\n", n.ID, n.title()+"\n"+string(n.State)+": "+n.Why, colours[n.State])
	}
	for _, n := range o.Nodes {
		for _, need := range n.Needs {
			fmt.Fprintf(&b, "  %s -> %s\n", need, n.ID)
		}
	}
	b.WriteString("}\n")
	return b.String()
}

// title is a node's label with its number.
func (n *Node) title() string {
	if n.ID == nodeArchive {
		return fmt.Sprintf("%s, %d objects", n.Label, n.Count)
	}
	return fmt.Sprintf("%d %s", n.Count, n.Label)
}
