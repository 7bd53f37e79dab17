package history

import (
	"encoding/json"
	"io"

	"muster/history/internal/columnar"
)

// patchWriter writes patches in the order of sorted runs.
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
