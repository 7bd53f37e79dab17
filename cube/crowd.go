package cube

import (
	"encoding/binary"
	"errors"
	"slices"

	"muster/hyperloglog"
)

// Exact is how many profiles a crowd keeps one by one, so that they are counted.
// Beyond it is estimated.
const Exact = 128

// Crowd is a set of profiles: by their hashes while they are few, and then a
// sketch. The zero Crowd is empty. It is not safe for concurrent use.
type Crowd struct {
	hashes []uint64 // ascending up to sorted, the rest as they came
	sorted int
	sketch *hyperloglog.Sketch // in place of hashes, nil while they are few
}

// mostUnsorted is how many hashes may wait to be put in order, beside those
// that are.
const mostUnsorted = Exact

// Add takes a profile in by its hash, which is that of package hyperloglog.
func (c *Crowd) Add(hash uint64) {
	if c.sketch != nil {
		c.sketch.Add(hash)
		return
	}
	if n := len(c.hashes); n > 0 && c.hashes[n-1] == hash {
		return // the event before was of the same profile
	}
	if c.hashes = append(c.hashes, hash); len(c.hashes) > c.sorted+mostUnsorted {
		c.settle()
	}
}

// settle puts the hashes in order, and makes a sketch of more than Exact.
func (c *Crowd) settle() {
	if c.sorted == len(c.hashes) {
		return
	}
	slices.Sort(c.hashes)
	c.hashes = slices.Compact(c.hashes)
	if c.sorted = len(c.hashes); c.sorted > Exact {
		c.widen()
	}
}

// widen makes a sketch of the hashes.
func (c *Crowd) widen() {
	c.sketch = &hyperloglog.Sketch{}
	for _, hash := range c.hashes {
		c.sketch.Add(hash)
	}
	c.hashes, c.sorted = nil, 0
}

// Merge takes in another one's profiles.
func (c *Crowd) Merge(other *Crowd) {
	if other.sketch == nil {
		for _, hash := range other.hashes {
			c.Add(hash)
		}
		return
	}
	if c.settle(); c.sketch == nil {
		c.widen()
	}
	c.sketch.Merge(other.sketch)
}

// Count returns how many profiles there are, and whether they were counted. An
// estimate has a standard error of 0.81 %.
func (c *Crowd) Count() (n int64, exact bool) {
	if c.settle(); c.sketch == nil {
		return int64(len(c.hashes)), true
	}
	return c.sketch.Estimate(), false
}

// The stored form begins with how many hashes there are, or sketched.
const sketched = Exact + 1

var errForm = errors.New("the stored form of a cell is broken")

// append appends the stored form. Equal sets have equal forms: a set that was
// once too large to be kept one by one stays so, as nobody leaves it.
func (c *Crowd) append(dst []byte) []byte {
	if c.settle(); c.sketch != nil {
		return c.sketch.AppendCompact(binary.AppendUvarint(dst, sketched))
	}
	dst = binary.AppendUvarint(dst, uint64(len(c.hashes)))
	for _, hash := range c.hashes {
		dst = binary.LittleEndian.AppendUint64(dst, hash)
	}
	return dst
}

// merge takes in a crowd in its stored form, and returns what stands behind it.
func (c *Crowd) merge(form []byte) ([]byte, error) {
	n, width := binary.Uvarint(form)
	if width <= 0 || n > sketched {
		return nil, errForm
	}
	form = form[width:]
	if n == sketched {
		if c.settle(); c.sketch == nil {
			c.widen()
		}
		return c.sketch.MergeCompact(form)
	}
	if uint64(len(form)) < 8*n {
		return nil, errForm
	}
	for ; n > 0; n-- {
		c.Add(binary.LittleEndian.Uint64(form))
		form = form[8:]
	}
	return form, nil
}
