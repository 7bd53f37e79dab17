package history

import (
	"errors"
	"io/fs"
	"path"
	"time"

	"muster/history/lease"
)

// Survey tells how far a request is that others do task by task, by what they
// leave in the work directory. It is for one goroutine.
type Survey struct {
	work    work
	id      string
	before  time.Time // when the report was written of what had ended before, zero for none
	planned time.Time // when the plan was written that is known
	plan    *Plan     // nil for none
}

// Survey returns one of the request from now on: what had ended before does not
// count.
func (b *Backfill) Survey() (*Survey, error) {
	s := &Survey{work: b.work, id: b.ID()}
	var err error
	s.before, err = s.written("report.json")
	return s, err
}

// NewSurvey returns a survey of a request of a work directory.
func NewSurvey(location string, f Files, id string) *Survey {
	return &Survey{work: work{dir: location, files: f}, id: id}
}

// written returns when a file of the request was written, the zero time of one that
// is not there.
func (s *Survey) written(name string) (time.Time, error) {
	file, err := s.work.files.Open(requestFile(s.id, name))
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return file.Modified(), file.Close()
}

// Look returns how far the request is. While slices are made it knows of slices
// and not of rows.
func (s *Survey) Look(now time.Time) (Progress, error) {
	report, err := s.written("report.json")
	if err != nil {
		return Progress{}, err
	}
	if err := s.readPlan(); err != nil || s.plan == nil {
		return Progress{}, err
	}
	ended := report.After(s.planned)
	if ended && report.Equal(s.before) {
		return Progress{}, nil // of an earlier time; it is being planned anew
	}
	p := Progress{AllObjects: int64(s.plan.Archive.Chosen.Objects), AllBytes: s.plan.Archive.Chosen.Bytes}
	if ended {
		p.Stage, p.Objects, p.Bytes = StageGather, p.AllObjects, p.AllBytes
		return p, nil
	}
	return p, s.stages(&p, now)
}

// readPlan reads the plan where it is another one.
func (s *Survey) readPlan() error {
	at, err := s.written("plan.json")
	if err != nil || at.Equal(s.planned) {
		return err
	}
	s.plan, s.planned = nil, time.Time{}
	if at.IsZero() {
		return nil
	}
	p := &Plan{}
	if err := s.work.readJSON(requestFile(s.id, "plan.json"), p); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	s.plan, s.planned = p, at
	return nil
}

// stages finds the first stage of which a task is not done.
func (s *Survey) stages(p *Progress, now time.Time) error {
	p.Stage = StageIndex
	done, err := s.indexed(p, now)
	if err != nil || !done {
		return err
	}
	p.Stage = StageFold
	in := &inputs{}
	if err := s.work.readJSON(requestFile(s.id, "inputs.json"), in); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	known := in.Parts == s.plan.key()
	if !known && s.plan.Fold > 0 {
		return nil
	}
	if p.Stage = StageEvaluate; !known {
		return nil
	}
	names, err := s.work.list(path.Join("slices", in.Slices), ".parquet")
	p.Slices = int64(len(names))
	p.AllSlices = int64(s.plan.width().count())
	if p.Slices >= p.AllSlices {
		p.Stage = StageGather
	}
	return err
}

// indexed counts what was indexed: tasks that are done, and of others what their
// leases say.
func (s *Survey) indexed(p *Progress, now time.Time) (all bool, err error) {
	names, err := s.work.list(requestFile(s.id, "indexed"), indexedEnding)
	if err != nil {
		return false, err
	}
	there := make(map[string]bool, len(names))
	for _, name := range names {
		there[name] = true
	}
	working, err := s.working(now)
	if err != nil {
		return false, err
	}
	all = true
	for i := range s.plan.Index {
		part := &s.plan.Index[i]
		if there[indexedFile(s.id, part)] {
			p.Objects, p.Bytes = p.Objects+int64(part.Objects), p.Bytes+part.Bytes
			continue
		}
		all = false
		p.Bytes += min(part.Bytes, working[i])
	}
	return all, nil
}

// working returns how many bytes of index tasks are done by who is at them.
func (s *Survey) working(now time.Time) (map[int]int64, error) {
	w, err := lease.Look(s.work.files, s.id, now)
	if err != nil {
		return nil, err
	}
	bytes := map[int]int64{}
	for _, h := range w.Busy(now) {
		if h.Stage == StageIndex.String() {
			bytes[h.Index] += h.Bytes
		}
	}
	return bytes, nil
}
