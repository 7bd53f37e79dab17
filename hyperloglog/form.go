package hyperloglog

// The stored form of Redis: a header of 16 bytes, and the registers, either
// all of them in 6 bits each or, where that is shorter, as runs.
const (
	headerBytes = 16
	maxRuns     = 3000 // bytes of runs; Redis' own hll-sparse-max-bytes by default
	maxRunRank  = 32   // a higher rank is not to be told as a run
	dense       = 0
	sparse      = 1
)

// Append appends the value that a key of Redis would hold, of a sketch that is
// not coarse: Redis knows no others. The number that
// Redis keeps in the header is marked as out of date, so that whichever
// version reads it computes its own.
func (s *Sketch) Append(dst []byte) []byte {
	begin := len(dst)
	dst = append(dst, "HYLL\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80"...)
	if full, ok := s.appendRuns(dst); ok {
		full[begin+4] = sparse
		return full
	}
	dst = dst[:begin+headerBytes]
	dst[begin+4] = dense
	return s.appendPacked(dst)
}

// appendRuns appends the registers as runs, false when they don't fit.
func (s *Sketch) appendRuns(dst []byte) ([]byte, bool) {
	begin, next := len(dst), uint32(0)
	same, length := uint8(0), 0 // the run of a rank at hand
	end := func() {
		if length > 0 {
			dst = append(dst, 0x80|(same-1)<<2|uint8(length-1))
		}
		length = 0
	}
	for index, rank := range s.each {
		if rank > maxRunRank || len(dst)-begin > maxRuns {
			return dst, false
		}
		if index > next || rank != same || length == 4 {
			end()
			dst = appendZeros(dst, index-next)
		}
		same, length, next = rank, length+1, index+1
	}
	end()
	dst = appendZeros(dst, registers-next)
	return dst, len(dst)-begin <= maxRuns
}

// appendZeros appends a run of registers that are 0.
func appendZeros(dst []byte, length uint32) []byte {
	switch {
	case length == 0:
		return dst
	case length <= 64:
		return append(dst, uint8(length-1))
	default:
		return append(dst, 0x40|uint8((length-1)>>8), uint8(length-1))
	}
}
