package history

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"muster/hyperloglog"
)

// gatherBytes bounds the lines of members that are held before they are
// written, of all segments together, in bytes.
const gatherBytes = 32 << 20

// gathering writes the members of each segment to a file of its own, in the
// order of the slices, and their sketch to another: the third stage. It is
// done whole or not at all.
type gathering struct {
	*evaluation
	folder   string
	buffers  []bytes.Buffer // by position
	held     int
	counts   []int64
	sketches []hyperloglog.Sketch
	sum      sum
	all      int64 // profiles
}

// gather writes the folders of members and of sketches. Some workers at a time
// pack members, where a format asks for it.
func (e *evaluation) gather(ctx context.Context, workers int) (*gathering, error) {
	n, id := e.request.Set.Len(), e.request.ID()
	g := &gathering{evaluation: e, buffers: make([]bytes.Buffer, n), counts: make([]int64, n), sketches: make([]hyperloglog.Sketch, n), sum: sum{width: e.width}}
	err := e.work.replaceFolder(requestFile(id, "members"), func(folder string) error {
		g.folder = folder
		if err := g.members(ctx); err != nil {
			return err
		}
		return g.pack(ctx, workers)
	})
	if err != nil {
		return nil, fmt.Errorf("gathering members: %w", err)
	}
	if err := e.work.replaceFolder(requestFile(id, "sketches"), g.writeSketches); err != nil {
		return nil, fmt.Errorf("writing sketches of members: %w", err)
	}
	return g, nil
}

// members writes the members of all slices as lines.
func (g *gathering) members(ctx context.Context) error {
	for i := range g.width.count() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := g.slice(i); err != nil {
			return err
		}
	}
	return g.write()
}

// slice adds the members of a slice.
func (g *gathering) slice(i int) (err error) {
	s, err := g.work.openSlice(g.width.sliceFile(g.slices, i), g.request.Set.Len())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	g.sum.add(i, &s.tally)
	g.all += s.Profiles
	for {
		more, err := s.next()
		if err != nil || !more {
			return err
		}
		if err := g.profile(s.id, s.state.Members); err != nil {
			return err
		}
	}
}

// profile adds a profile to the segments that it is in.
func (g *gathering) profile(id string, members []int32) error {
	if len(members) == 0 {
		return nil
	}
	line, err := json.Marshal(memberRow{id})
	if err != nil {
		return err
	}
	line = append(line, '\n')
	hash := hyperloglog.Hash(unsafe.Slice(unsafe.StringData(id), len(id)))
	for _, position := range members {
		g.buffers[position].Write(line)
		g.held += len(line)
		g.counts[position]++
		g.sketches[position].Add(hash)
	}
	if g.held > gatherBytes {
		return g.write()
	}
	return nil
}

// lines is the file of the members of a segment as lines.
func (g *gathering) lines(position int) string {
	return filepath.Join(g.folder, g.request.Set.Segment(position).ID+".ndjson")
}

// write appends what is held to the files. Every segment has one, if only an
// empty one.
func (g *gathering) write() error {
	g.held = 0
	for position := range g.buffers {
		b := &g.buffers[position]
		file, err := os.OpenFile(g.lines(position), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		_, err = b.WriteTo(file)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
		b.Reset()
	}
	return nil
}

// writeSketches writes a file for each segment, as Redis would keep it under a
// key.
func (g *gathering) writeSketches(folder string) error {
	var form []byte
	for position := range g.sketches {
		form = g.sketches[position].Append(form[:0])
		name := filepath.Join(folder, g.request.Set.Segment(position).ID+".hll")
		if err := os.WriteFile(name, form, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// add adds the counts of a slice.
func (t *tally) add(of *tally) {
	t.Applied += of.Applied
	t.Repeats += of.Repeats
	t.Refused += of.Refused
	t.Later += of.Later
	t.Letters = append(t.Letters, of.Letters[:min(len(of.Letters), maxLetters-len(t.Letters))]...)
}
