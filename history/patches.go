package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"muster/history/internal/columnar"
)

// patchVersion is that of the form of files of patches and of how they are
// made. It is part of their key.
const patchVersion = 1

// The columns of a file of patches, in the order of their names.
const (
	patchBody = iota
	patchProfile
)

var patchForm = columnar.NewForm("file of patches", "muster.patches",
	columnar.Column{Name: "body", Kind: columnar.Bytes}, columnar.Column{Name: "profile", Kind: columnar.Bytes},
)

// patchHeader is what a file of patches says of itself.
type patchHeader struct {
	tally
	Patches int64 `json:"patches"`
	Bytes   int64 `json:"bytes"` // of their bodies
}

func (w work) patchFile(key string, i int) string {
	return filepath.Join(w.dir, "patches", key, fmt.Sprintf("%04d.parquet", i*sliceShards))
}

// patchWriter writes patches in the order of runs.
type patchWriter struct {
	file    *columnar.Writer
	patches int64
	held    int // bytes of the block at hand
	grouped int // bytes of the group at hand
}

// patchGroup is how many bytes a group of rows has, about: a writer holds one.
const patchGroup = 16 << 20

func newPatchWriter(w io.Writer) *patchWriter {
	return &patchWriter{file: columnar.NewWriter(w, patchForm)}
}

// add takes a patch in. It keeps the body until the block is written.
func (w *patchWriter) add(profile string, body []byte) error {
	w.file.Bytes(patchProfile, []byte(profile))
	w.file.Bytes(patchBody, body)
	w.patches++
	if w.held += len(profile) + len(body); w.file.Rows() < columnar.BlockRows && w.held < chunkBytes {
		return nil
	}
	w.grouped += w.held
	w.held = 0
	if w.grouped < patchGroup {
		return w.file.Block()
	}
	w.grouped = 0
	return w.file.Group()
}

func (w *patchWriter) close(t tally, bytes int64) error {
	text, err := json.Marshal(patchHeader{t, w.patches, bytes})
	if err != nil {
		return err
	}
	return w.file.Close(string(text))
}

// Patches are the patches of an archive, in an order that is always the same.
type Patches struct {
	// Key is another one for other patches.
	Key   string
	Count int64
	Bytes int64 // of their bodies
	// Whole is since when the archive is whole, as far as it tells: the first
	// day that its layout names, else its first arrival. ms since 1970 UTC.
	Whole int64
	// Report is what was done for them.
	Report *Report

	work  work
	total tally
	files [sliceCount]int64 // patches in each file
}

// openPatches reads what the files of patches say of themselves.
func openPatches(w work, key string) (*Patches, error) {
	p := &Patches{Key: key, work: w}
	for i := range sliceCount {
		file, header, err := p.open(i)
		if err != nil {
			return nil, err
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
		p.files[i] = header.Patches
		p.Count, p.Bytes = p.Count+header.Patches, p.Bytes+header.Bytes
		p.total.add(&header.tally)
	}
	return p, nil
}

func (p *Patches) open(i int) (*columnar.File, patchHeader, error) {
	var header patchHeader
	file, err := columnar.Open(p.work.patchFile(p.Key, i), patchForm)
	if err != nil {
		return nil, header, fmt.Errorf("opening patches: %w", err)
	}
	if err := json.Unmarshal([]byte(file.Text), &header); err != nil {
		return nil, header, errors.Join(fmt.Errorf("opening patches: %w", file.Damaged(err)), file.Close())
	}
	return file, header, nil
}

// Each visits the patches behind the first so many, in order, until visit
// fails. The body is valid during the visit.
func (p *Patches) Each(ctx context.Context, skip int64, visit func(profile string, body []byte) error) error {
	for i, n := range p.files {
		if skip >= n {
			skip -= n
			continue
		}
		if err := p.eachOf(ctx, i, skip, visit); err != nil {
			return err
		}
		skip = 0
	}
	return nil
}

// eachOf visits the patches of a file.
func (p *Patches) eachOf(ctx context.Context, i int, skip int64, visit func(string, []byte) error) (err error) {
	file, _, err := p.open(i)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for group := range file.Groups() {
		if skip, err = p.eachOfGroup(ctx, file, group, skip, visit); err != nil {
			return err
		}
	}
	return nil
}

// eachOfGroup visits the patches of a group of rows, and returns how many are
// still to be skipped.
func (p *Patches) eachOfGroup(
	ctx context.Context, file *columnar.File, group int, skip int64, visit func(string, []byte) error,
) (left int64, err error) {
	blocks, err := file.Blocks(group, 0)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, blocks.Close()) }()
	for {
		more, err := blocks.Next()
		if err != nil || !more {
			return skip, err
		}
		ids, bodies := blocks.Bytes(patchProfile), blocks.Bytes(patchBody)
		for row := range blocks.Rows() {
			if skip > 0 {
				skip--
				continue
			}
			if err := errors.Join(ctx.Err(), visit(string(ids.Row(row)), bodies.Row(row))); err != nil {
				return 0, err
			}
		}
	}
}
