package sorted

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"

	"muster/history/internal/columnar"
	"muster/history/projection"
)

// Header is what a sorted run says of itself.
type Header struct {
	// Texts are what kinds and bodies refer to.
	Texts projection.Texts `json:"texts"`
	// Parts are the sorted parts, each a row group.
	Parts []Part `json:"parts"`
	// Note is whatever the writer has to say, as JSON.
	Note json.RawMessage `json:"note,omitempty"`
}

// Part is a sorted part of a run.
type Part struct {
	// Shards says where the virtual shards end: the rows of each, and of those
	// before it. It has VirtualShards elements.
	Shards ends `json:"shards"`
}

// Rows returns the number of rows in a run.
func (h *Header) Rows() int64 {
	n := int64(0)
	for i := range h.Parts {
		n += h.Parts[i].Shards[VirtualShards-1]
	}
	return n
}

// Rows returns where the rows of some virtual shards, from first on and before
// end, begin and end in a part.
func (p *Part) Rows(first, end int) (from, to int64) {
	if first > 0 {
		from = p.Shards[first-1]
	}
	if end > first {
		return from, p.Shards[end-1]
	}
	return from, from
}

// ends are where virtual shards end. As text they are the lengths, in base64.
type ends []int64

// MarshalText implements encoding.TextMarshaler.
func (e ends) MarshalText() ([]byte, error) {
	var b []byte
	last := int64(0)
	for _, end := range e {
		b = binary.AppendUvarint(b, uint64(end-last))
		last = end
	}
	return []byte(base64.RawStdEncoding.EncodeToString(b)), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (e *ends) UnmarshalText(text []byte) error {
	b, err := base64.RawStdEncoding.DecodeString(string(text))
	if err != nil {
		return err
	}
	*e = make(ends, 0, VirtualShards)
	total := int64(0)
	for len(b) > 0 {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > 1<<40 {
			return columnar.ErrDamaged
		}
		b = b[size:]
		total += int64(n)
		*e = append(*e, total)
	}
	if len(*e) != VirtualShards {
		return columnar.ErrDamaged
	}
	return nil
}
