package history

import "encoding/binary"

// state is a profile as a slice keeps it, with its name known elsewhere.
type state struct {
	Deadline int64   // next instant at which time alone may change it, ms; 0 for none
	Members  []int32 // positions of the segments that it is in, ascending
	Blob     []byte  // in its stored form
}

func (s *state) reset() { s.Deadline, s.Members, s.Blob = 0, s.Members[:0], s.Blob[:0] }

func (s *state) copy(from *state) {
	s.Deadline = from.Deadline
	s.Members = append(s.Members[:0], from.Members...)
	s.Blob = append(s.Blob[:0], from.Blob...)
}

// appendMembers writes positions as the steps from one to the next.
func appendMembers(dst []byte, members []int32) []byte {
	last := int32(0)
	for _, m := range members {
		dst = binary.AppendUvarint(dst, uint64(m-last))
		last = m
	}
	return dst
}

// readMembers reads what appendMembers wrote, false when that is damaged or
// names a position that there is not.
func readMembers(dst []int32, b []byte, positions int) ([]int32, bool) {
	last := uint64(0)
	for len(b) > 0 {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(positions) {
			return nil, false
		}
		if last += n; last >= uint64(positions) {
			return nil, false
		}
		b = b[size:]
		dst = append(dst, int32(last))
	}
	return dst, true
}
