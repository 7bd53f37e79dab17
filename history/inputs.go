package history

import (
	"errors"
	"io/fs"
)

// inputs are what slices, or files of patches, are made of. The first task of a stage behind index
// finds them out and leaves them in the work directory, so that no other has to
// read what became of every object.
type inputs struct {
	Parts  string `json:"parts"`          // key of the plan's parts
	Slices string `json:"slices"`         // key of what is made
	From   *start `json:"from,omitempty"` // nil for the beginning
	// Runs are keys, in the order of the manifest, folded where there are too
	// many. nil where nothing is to be made.
	Runs []string `json:"runs"`
}

// start are slices that others go on from.
type start struct {
	Slices string `json:"slices"`
	AsOf   int64  `json:"as_of"`
}

// inputs returns what the slices of a plan are made of.
func (b *Backfill) inputs(p *Plan) (*inputs, error) {
	path, in := requestFile(p.Request, "inputs.json"), &inputs{}
	err := b.work.readJSON(path, in)
	if err == nil && in.Parts == p.key() {
		if there, err := b.present(in); there || err != nil {
			return in, err
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	in, _, err = b.findInputs(p)
	if err != nil || in.Runs == nil {
		return in, err
	}
	return in, b.work.writeJSON(path, in)
}

// present reports whether the slices that inputs go on from are there still.
func (b *Backfill) present(in *inputs) (bool, error) {
	if in.From == nil {
		return true, nil
	}
	missing, err := b.work.missing(in.From.Slices, b.width(), b.width().all())
	return len(missing) == 0, err
}

// findInputs finds out what slices are made of, and which sorted runs are folded for
// that: none, where all slices are there.
func (b *Backfill) findInputs(p *Plan) (*inputs, []string, error) {
	results, err := b.results(p)
	if err != nil {
		return nil, nil, err
	}
	if b.patching != nil {
		return b.findPatchInputs(p, results)
	}
	to, first := b.base(results)
	in := &inputs{Parts: p.key(), Slices: to.key()}
	missing, err := b.work.missing(in.Slices, b.width(), b.width().all())
	if err != nil || len(missing) == 0 {
		return in, nil, err
	}
	from, err := findBase(b.work, to, first)
	if err != nil {
		return nil, nil, err
	}
	if from != nil {
		in.From = &start{from.key(), from.AsOf}
	}
	x, err := b.open()
	if err != nil {
		return nil, nil, err
	}
	runs := needed(results, in.From)
	in.Runs = x.folded(append([]string{}, runs...))
	return in, runs, nil
}

// base is what the slices of some objects are for later requests. It also
// returns the earliest arrival of each object, by its short key.
func (b *Backfill) base(results []indexed) (*base, map[string]int64) {
	var objects []string
	var notes []note
	first := make(map[string]int64, len(results))
	for i := range results {
		if one := &results[i]; one.Run != "" {
			objects, notes = append(objects, one.Object), append(notes, one.Note)
			first[one.Object] = one.Note.First
		}
	}
	return newBase(b.request.rules(), b.request.AsOf, objects, notes, b.width()), first
}

// needed returns the sorted runs that have anything that the slices before lack.
func needed(results []indexed, from *start) []string {
	var keys []string
	for i := range results {
		one := &results[i]
		if one.Run != "" && one.Note.Events > 0 && (from == nil || one.Note.Last > from.AsOf) {
			keys = append(keys, one.Run)
		}
	}
	return keys
}
