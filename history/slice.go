package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unsafe"

	"muster/history/internal/columnar"
)

// sliceVersion is that of the form of slices and of how they are made. It is
// part of the key of each.
const sliceVersion = 1

// The columns of a slice, in the order of their names.
const (
	sliceBlob = iota
	sliceDeadline
	sliceMembers
	sliceProfile
)

var sliceForm = columnar.NewForm("slice", "muster.slice",
	columnar.Column{Name: "blob", Kind: columnar.Bytes}, columnar.Column{Name: "deadline", Kind: columnar.Int64s},
	columnar.Column{Name: "members", Kind: columnar.Bytes}, columnar.Column{Name: "profile", Kind: columnar.Bytes},
)

// sliceHeader is what a slice says of itself.
type sliceHeader struct {
	tally
	Profiles int64 `json:"profiles"`
}

// sliceWriter writes profiles in the order of sorted runs. It is not safe for
// concurrent use.
type sliceWriter struct {
	file     *columnar.Writer
	profiles int64
	memory   []byte // of the block at hand; never moves while it has rows
}

func newSliceWriter(w io.Writer) *sliceWriter {
	return &sliceWriter{file: columnar.NewWriter(w, sliceForm), memory: make([]byte, 0, chunkBytes)}
}

// add takes a profile in. It keeps nothing of it.
func (w *sliceWriter) add(id string, s *state) error {
	need := len(id) + len(s.Blob) + 5*len(s.Members)
	if w.file.Rows() == columnar.BlockRows || len(w.memory)+need > cap(w.memory) {
		if err := w.block(); err != nil {
			return err
		}
		if need > cap(w.memory) {
			w.memory = make([]byte, 0, need)
		}
	}
	w.file.Int64(sliceDeadline, s.Deadline)
	w.file.Bytes(sliceProfile, w.keep(func(b []byte) []byte { return append(b, id...) }))
	w.file.Bytes(sliceMembers, w.keep(func(b []byte) []byte { return appendMembers(b, s.Members) }))
	w.file.Bytes(sliceBlob, w.keep(func(b []byte) []byte { return append(b, s.Blob...) }))
	w.profiles++
	return nil
}

// keep puts bytes into the memory of the block.
func (w *sliceWriter) keep(put func([]byte) []byte) []byte {
	at := len(w.memory)
	w.memory = put(w.memory)
	return w.memory[at:len(w.memory):len(w.memory)]
}

func (w *sliceWriter) block() error {
	err := w.file.Block()
	w.memory = w.memory[:0]
	return err
}

func (w *sliceWriter) close(t tally) error {
	text, err := json.Marshal(sliceHeader{t, w.profiles})
	if err != nil {
		return err
	}
	return w.file.Close(string(text))
}

// slice reads a slice in order.
type slice struct {
	sliceHeader
	file      *columnar.File
	positions int
	groups    int // still to begin
	blocks    *columnar.Blocks
	at, rows  int

	// Columns of the block.
	deadlines           []int64
	ids, members, blobs columnar.ByteArrays

	// The profile at hand.
	id    string
	state state
}

// openSlice opens a slice of a rule set with so many segments.
func (w work) openSlice(name string, positions int) (*slice, error) {
	file, err := w.openColumns(name, sliceForm)
	if err != nil {
		return nil, fmt.Errorf("opening a slice: %w", err)
	}
	s := &slice{file: file, positions: positions, groups: len(file.Groups())}
	if err := json.Unmarshal([]byte(file.Text), &s.sliceHeader); err != nil {
		return nil, errors.Join(fmt.Errorf("opening a slice: %w", file.Damaged(err)), file.Close())
	}
	return s, nil
}

// openColumns opens a file of a form.
func (w work) openColumns(name string, form *columnar.Form) (*columnar.File, error) {
	in, err := w.files.Open(name)
	if err != nil {
		return nil, err
	}
	return columnar.Open(w.locate(name), in, form)
}

// next goes to the next profile, id and state, and reports whether there is
// one. They are valid until the next call.
func (s *slice) next() (bool, error) {
	for s.at++; s.at >= s.rows; s.at = 0 {
		if more, err := s.block(); err != nil || !more {
			return false, err
		}
	}
	id := s.ids.Row(s.at)
	s.id = unsafe.String(unsafe.SliceData(id), len(id))
	s.state.Deadline, s.state.Blob = s.deadlines[s.at], s.blobs.Row(s.at)
	members, ok := readMembers(s.state.Members[:0], s.members.Row(s.at), s.positions)
	if !ok {
		return false, s.file.Damaged(errors.New("a list of members"))
	}
	s.state.Members = members
	return true, nil
}

// block reads the next block, of the next group where one has ended.
func (s *slice) block() (bool, error) {
	if s.blocks != nil {
		more, err := s.blocks.Next()
		if more {
			s.columns()
		}
		if err != nil || more {
			return more, err
		}
		if err := s.blocks.Close(); err != nil {
			return false, err
		}
		s.blocks = nil
	}
	if s.groups == 0 {
		return false, nil
	}
	s.groups--
	var err error
	if s.blocks, err = s.file.Blocks(len(s.file.Groups())-1-s.groups, 0); err != nil {
		return false, err
	}
	s.rows = 0
	return true, nil
}

// columns takes the columns of a block that was read.
func (s *slice) columns() {
	b := s.blocks
	s.rows, s.deadlines = b.Rows(), b.Int64s(sliceDeadline)
	s.ids, s.members, s.blobs = b.Bytes(sliceProfile), b.Bytes(sliceMembers), b.Bytes(sliceBlob)
}

func (s *slice) close() error {
	var err error
	if s.blocks != nil {
		err = s.blocks.Close()
	}
	return errors.Join(err, s.file.Close())
}
