package history

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// gatherBytes bounds the lines of members that are held before they are
// written, of all segments together, in bytes.
const gatherBytes = 32 << 20

// gathering writes the members of each segment to a file of its own, in the
// order of the slices: the third stage. It is done whole or not at all.
type gathering struct {
	*evaluation
	folder  string         // that is written until it is whole
	buffers []bytes.Buffer // by position
	held    int
	counts  []int64
	total   tally
	all     int64 // profiles
}

// gather writes the folder of members.
func (e *evaluation) gather(ctx context.Context, folder string) (g *gathering, err error) {
	g = &gathering{evaluation: e}
	g.buffers, g.counts = make([]bytes.Buffer, e.request.Set.Len()), make([]int64, e.request.Set.Len())
	if g.folder, err = e.work.makeFolder(folder); err != nil {
		return nil, fmt.Errorf("gathering members: %w", err)
	}
	for i := range sliceCount {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := g.slice(i); err != nil {
			return nil, fmt.Errorf("gathering members: %w", err)
		}
	}
	if err := errors.Join(g.write(), putFolder(g.folder, folder)); err != nil {
		return nil, fmt.Errorf("gathering members: %w", err)
	}
	return g, nil
}

// slice adds the members of a slice.
func (g *gathering) slice(i int) (err error) {
	s, err := openSlice(g.work.sliceFile(g.slices, i), g.request.Set.Len())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	g.total.add(&s.tally)
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
	name, err := json.Marshal(id)
	if err != nil {
		return err
	}
	for _, position := range members {
		b := &g.buffers[position]
		b.WriteString(`{"profile":`)
		b.Write(name)
		b.WriteString("}\n")
		g.held += len(name) + len(`{"profile":}`) + 1
		g.counts[position]++
	}
	if g.held > gatherBytes {
		return g.write()
	}
	return nil
}

// write appends what is held to the files. Every segment has one, if only an
// empty one.
func (g *gathering) write() error {
	g.held = 0
	for position := range g.buffers {
		b := &g.buffers[position]
		name := filepath.Join(g.folder, g.request.Set.Segment(position).ID+".ndjson")
		file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
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

// add adds the counts of a slice.
func (t *tally) add(of *tally) {
	t.Applied += of.Applied
	t.Repeats += of.Repeats
	t.Refused += of.Refused
	t.Later += of.Later
	t.Letters = append(t.Letters, of.Letters[:min(len(of.Letters), maxLetters-len(t.Letters))]...)
}
