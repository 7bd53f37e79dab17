package cube

import (
	"encoding/binary"
	"slices"
)

// Cell is what is counted of the events that have the same values.
type Cell struct {
	Events uint64
	Counts []uint64 // by measure
	Folded uint64   // cells that this one stands for beside itself; 0 but for Other
	Crowd  Crowd
}

// Merge takes in what another cell has counted.
func (c *Cell) Merge(other *Cell) {
	c.Events += other.Events
	c.Folded += other.Folded
	c.Counts = append(c.Counts, make([]uint64, max(0, len(other.Counts)-len(c.Counts)))...)
	for i, n := range other.Counts {
		c.Counts[i] += n
	}
	c.Crowd.Merge(&other.Crowd)
}

// Append appends the stored form.
func (c *Cell) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(binary.AppendUvarint(dst, c.Events), c.Folded)
	dst = binary.AppendUvarint(dst, uint64(len(c.Counts)))
	for _, n := range c.Counts {
		dst = binary.AppendUvarint(dst, n)
	}
	return c.Crowd.append(dst)
}

// MergeForm takes in a cell in its stored form, and returns what stands behind.
// After an error the cell is worthless.
func (c *Cell) MergeForm(form []byte) ([]byte, error) {
	numbers := numbers{rest: form}
	c.Events += numbers.next()
	c.Folded += numbers.next()
	n := numbers.next()
	if numbers.broken || n > MaxMeasures {
		return nil, errForm
	}
	for i := range int(n) {
		if i == len(c.Counts) {
			c.Counts = append(slices.Clip(c.Counts), 0)
		}
		c.Counts[i] += numbers.next()
	}
	if numbers.broken {
		return nil, errForm
	}
	return c.Crowd.merge(numbers.rest)
}
