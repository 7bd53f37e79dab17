package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/history/archive"
	"muster/history/projection"
)

// index makes sorted runs of objects: the first stage.
type index struct {
	request  *Request
	work     work
	config   *Config
	progress *progress
	wanted   projection.Projection
	kept     projection.Projection   // of objects that are read: what is wanted, and what others need
	cover    []projection.Projection // wanted first, and others that were used before and cover it
	notes    map[string]note         // of sorted runs, by the short keys of their objects, as far as bases know them
}

func newIndex(r *Request, w work, c *Config, p *progress) (*index, error) {
	x := &index{request: r, work: w, config: c, progress: p, wanted: r.Keeps()}
	x.keep(nil)
	x.cover = []projection.Projection{x.wanted}
	files, err := w.list("projections", ".json")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		var other projection.Projection
		if err := w.readJSON(file, &other); errors.Is(err, fs.ErrNotExist) {
			continue // it was cleaned away
		} else if err != nil {
			return nil, err
		}
		if !other.Covers(x.wanted) || other.Key() == x.wanted.Key() {
			continue
		}
		if there, err := w.use(file); err != nil {
			return nil, err
		} else if there {
			x.cover = append(x.cover, other)
		}
	}
	x.notes, err = knownNotes(w, r.rules())
	return x, err
}

// keep has what others need kept too, of objects that are read.
func (x *index) keep(others []projection.Projection) {
	x.kept = projection.Union(append(others[:len(others):len(others)], x.wanted)...)
}

// remember has later requests look for what this one keeps.
func (x *index) remember() error {
	return x.work.writeJSON(path.Join("projections", x.kept.Key()+".json"), x.kept)
}

// find returns the key of a sorted run of an object that is there, "" for none.
func (x *index) find(o *item) (string, error) {
	for _, p := range x.cover {
		key := runKey(o.key, p)
		if there, err := x.work.use(runFile(key)); there || err != nil {
			return key, err
		}
	}
	return "", nil
}

// perform indexes objects, some at a time. before is what became of them when
// this was done before, nil for nothing.
func (x *index) perform(ctx context.Context, items []item, before []indexed) ([]indexed, error) {
	if err := x.remember(); err != nil {
		return nil, err
	}
	results := make([]indexed, len(items))
	copy(results, before)
	next := make(chan int)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(next)
		for i := range items {
			select {
			case next <- i:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range x.config.Workers {
		group.Go(func() error { return x.worker(ctx, items, results, next) })
	}
	if err := group.Wait(); err != nil {
		return results, fmt.Errorf("indexing: %w", err)
	}
	return results, nil
}

func (x *index) worker(ctx context.Context, items []item, results []indexed, next <-chan int) error {
	d, err := newDigester(x.request, x.work, x.kept, x.config.SortBytes)
	if err != nil {
		return err
	}
	d.meter = &x.progress.meter
	for i := range next {
		if results[i], err = x.object(ctx, d, &items[i], results[i]); err != nil {
			return err
		}
		x.progress.objects.Add(1)
		x.progress.bytes.Add(items[i].Size)
	}
	return nil
}

// object finds or makes the sorted run of an object. What was lost before stays lost,
// as other tasks may have gone on without it.
func (x *index) object(ctx context.Context, d *digester, o *item, before indexed) (one indexed, err error) {
	if before.Lost != "" {
		return before, nil
	}
	one.Object = shortKey(o.key)
	if one.Run, err = x.find(o); err != nil {
		return one, err
	}
	if one.Run != "" && one.Run == before.Run {
		one.Note = before.Note
		x.progress.meter.Found(one.Note.Bytes, one.Note.Events)
		return one, nil
	}
	if one.Made = one.Run == ""; one.Made {
		began := time.Now()
		one.Note, err = d.digest(ctx, o)
		if x.progress.meter.Task(StageIndex.String(), began); err != nil {
			return x.unreadable(one, o, err)
		}
		one.Run = runKey(o.key, x.kept)
	}
	if one.Note, err = x.note(o, one.Run); err != nil {
		return one, err
	}
	if one.Note.Broken != "" && x.request.OnError == Fail {
		return one, unreadableError(one.Note.Broken)
	}
	count := x.progress.meter.Found
	if one.Made {
		count = x.progress.meter.Kept
	}
	count(one.Note.Bytes, one.Note.Events)
	return one, nil
}

// unreadable judges an object that can't be opened as it was listed.
func (x *index) unreadable(one indexed, o *item, err error) (indexed, error) {
	ofItself := errors.Is(err, archive.ErrMissing) || errors.Is(err, archive.ErrDenied)
	if !ofItself || x.request.OnError == Fail {
		return one, err
	}
	one.Made, one.Lost, one.Note = false, err.Error(), note{Key: o.Key, Refused: 1, Broken: err.Error()}
	return one, nil
}

// note returns what a sorted run says of its object.
func (x *index) note(o *item, key string) (note, error) {
	if n, known := x.notes[shortKey(o.key)]; known {
		return n, nil
	}
	r, err := x.work.openRun(key)
	if err != nil {
		return note{}, err
	}
	n, err := readNote(r)
	return n, errors.Join(err, r.Close())
}
