package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"muster/event"
	"muster/history/projection"
	"muster/history/sorted"
)

// MaxTasks bounds the tasks of a stage: as many as an array job may have on AWS
// Batch.
const MaxTasks = 10_000

// objectCost is what an object costs beside its bytes, in bytes that are read in
// the same time: a request, and a file to write.
const objectCost = 64 << 10

// Plan says what a request is cut into. It lies beside the manifest, and is all
// that a task must know to find its part. How it is cut changes nothing of what
// comes out.
type Plan struct {
	asked
	Archive  *Listing `json:"archive"`
	Index    []Part   `json:"index"`
	Fold     int      `json:"fold"` // tasks; 0 where there are too few objects to need any
	Evaluate []Span   `json:"evaluate"`
	Width    int      `json:"width,omitempty"` // virtual shards of a slice; 0 for 8
	// Patches is what patches are made for; nil where slices are made.
	Patches *PatchOrder `json:"patches,omitempty"`
}

// asked is what a request comes down to, with which it can be taken over.
type asked struct {
	Request  string   `json:"request"`
	Versions Versions `json:"versions"` // of what wrote it down
	Order    Order    `json:"order"`
}

// Versions are those of all that decides what files hold.
type Versions struct {
	Decoder    int `json:"decoder"`
	Projection int `json:"projection"`
	Run        int `json:"run"`
	Slice      int `json:"slice"`
}

func versions() Versions {
	return Versions{event.DecoderVersion, projection.Version, sorted.Version, sliceVersion}
}

// String lists the versions.
func (v Versions) String() string {
	return fmt.Sprintf("decoder %d, projection %d, run %d, slice %d", v.Decoder, v.Projection, v.Run, v.Slice)
}

// Part is what one index task does: objects that stand beside each other in the
// manifest.
type Part struct {
	Key     string `json:"key"` // digest of the objects and of what is kept of them
	Objects int    `json:"objects"`
	Bytes   int64  `json:"bytes"`
	// From and To bound its lines in the manifest, in bytes.
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// Span is what one evaluate task does: slices, from First on and before End.
type Span struct {
	First int `json:"first"`
	End   int `json:"end"`
}

// Task is a part of a stage: what one machine does, and what is done again
// after a kill. Index counts from 0.
type Task struct {
	Stage Stage
	Index int
	// Piece is which of so many Pieces of the task is done, from 0; of 0 and 1
	// Pieces it is all. Pieces are for a machine that is too small for the task:
	// they may be done in any order, and then the task itself finds all there.
	Piece, Pieces int
}

// cut returns the task's share of what stands from first on and before end.
func (t *Task) cut(first, end int) (int, int) {
	if t.Pieces < 2 {
		return first, end
	}
	n := end - first
	return first + t.Piece*n/t.Pieces, first + (t.Piece+1)*n/t.Pieces
}

func (p *Plan) width() width { return widthOf(p.Width) }

// width is that of the plan, the usual one before there is one.
func (b *Backfill) width() width {
	if b.todo == nil {
		return sliceShards
	}
	return b.todo.width()
}

// Tasks returns how many tasks a stage has.
func (p *Plan) Tasks(s Stage) int {
	switch s {
	case StageIndex:
		return len(p.Index)
	case StageFold:
		return p.Fold
	case StageEvaluate:
		return len(p.Evaluate)
	default:
		return 1
	}
}

// key is a digest of all that is indexed, and of what it is for.
func (p *Plan) key() string {
	keys := make([]string, len(p.Index))
	for i := range p.Index {
		keys[i] = p.Index[i].Key
	}
	return digest("parts", keys, p.Patches)[:32]
}

// Plan lists the archive, unless a plan of this request that was not finished
// has done so, and cuts the request into so many tasks for each stage, at most;
// 0 for as many as there are already, else one. What is done stays done.
func (b *Backfill) Plan(ctx context.Context, tasks int) (*Plan, error) {
	if tasks < 0 || tasks > MaxTasks {
		return nil, fmt.Errorf("planning: tasks are %d; they must be between 1 and %d", tasks, MaxTasks)
	}
	if tasks > 0 {
		if err := b.portable(); err != nil {
			return nil, fmt.Errorf("planning: %w", err)
		}
	}
	l, listed, err := b.request.manifest(ctx, b.work, b.config.Anew)
	if err != nil {
		return nil, fmt.Errorf("planning: %w", err)
	}
	b.report.Archive, b.report.Listed = l, listed
	x, err := b.open()
	if err != nil {
		return nil, err
	}
	if tasks == 0 && !listed {
		if err := b.readPlan(); err == nil && x.fits(b.todo, l) && b.patching.same(b.todo.Patches) {
			b.todo.Archive = l
			return b.todo, nil
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	p := &Plan{asked: b.asked(), Archive: l, Patches: b.patching.order(), Width: widthFor(l.Chosen.Bytes, tasks).noted()}
	p.Index, p.Evaluate = x.cut(l, max(1, tasks)), cutSlices(max(1, tasks), p.width())
	if l.Chosen.Objects > b.config.MaxRuns {
		p.Fold = min(max(1, tasks), b.config.MaxRuns)
	}
	b.take(p)
	return p, b.work.writeJSON(b.planName(), p)
}

// PlanFile is where the plan is, or will be.
func (b *Backfill) PlanFile() string { return b.work.locate(b.planName()) }

func (b *Backfill) planName() string { return requestFile(b.request.ID(), "plan.json") }

func (b *Backfill) asked() asked {
	return asked{b.request.ID(), versions(), b.request.order(&b.config)}
}

// readPlan takes over the plan that is there.
func (b *Backfill) readPlan() error {
	p := &Plan{}
	if err := b.work.readJSON(b.planName(), p); err != nil {
		return err
	}
	b.take(p)
	return nil
}

// take has a plan be the one that is done.
func (b *Backfill) take(p *Plan) {
	b.todo = p
	b.progress.expect(func(now *Progress) {
		now.AllObjects, now.AllBytes = int64(p.Archive.Chosen.Objects), p.Archive.Chosen.Bytes
	})
}

// Planned returns the plan, which a task reads and never makes.
func (b *Backfill) Planned() (*Plan, error) {
	if b.todo == nil {
		if err := b.readPlan(); err != nil {
			return nil, fmt.Errorf("reading the plan: %w", err)
		}
	}
	return b.todo, nil
}

// cut cuts objects into parts that take about equally long.
func (x *index) cut(l *Listing, tasks int) []Part {
	all := int64(len(l.items))*objectCost + l.Chosen.Bytes
	tasks = min(tasks, len(l.items))
	parts := make([]Part, 0, tasks)
	done, first := int64(0), 0
	for i := range l.items {
		done += objectCost + l.items[i].Size
		n := len(parts) + 1 // of parts, if one ends here
		enough := n < tasks && float64(done) >= float64(all)*float64(n)/float64(tasks)
		scarce := len(l.items)-i-1 <= tasks-n // one for each part that is left
		if i == len(l.items)-1 || n < tasks && (enough || scarce) {
			parts = append(parts, x.part(l, first, i+1))
			first = i + 1
		}
	}
	return parts
}

// part is the part of some objects.
func (x *index) part(l *Listing, first, end int) Part {
	p := Part{Key: x.partKey(l.items[first:end]), Objects: end - first, From: l.items[first].at, To: l.length}
	if end < len(l.items) {
		p.To = l.items[end].at
	}
	for i := range l.items[first:end] {
		p.Bytes += l.items[first+i].Size
	}
	return p
}

// fits reports whether a plan is of these objects, and of what is kept of them
// today.
func (x *index) fits(p *Plan, l *Listing) bool {
	rest := l.items
	for i := range p.Index {
		n := p.Index[i].Objects
		if n > len(rest) || x.partKey(rest[:n]) != p.Index[i].Key {
			return false
		}
		rest = rest[n:]
	}
	return len(rest) == 0
}

func (x *index) partKey(items []item) string {
	keys := make([]string, len(items))
	for i := range items {
		keys[i] = runKey(items[i].key, x.wanted)
	}
	return digest("part", keys)[:32]
}

// cutSlices cuts all slices into spans of about equally many.
func cutSlices(tasks int, w width) []Span {
	count := w.count()
	tasks = min(tasks, count)
	spans := make([]Span, tasks)
	for i := range spans {
		spans[i] = Span{i * count / tasks, (i + 1) * count / tasks}
	}
	return spans
}

// forget removes what was noted for an earlier listing of the request.
func (w work) forget(id string) error {
	notes, err := w.list(requestFile(id, "indexed"), "")
	if err != nil {
		return err
	}
	for _, name := range append(notes, requestFile(id, "inputs.json"), requestFile(id, "plan.json")) {
		if err := w.files.Remove(name); err != nil {
			return err
		}
	}
	return nil
}
