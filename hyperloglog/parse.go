package hyperloglog

// MergeForm takes in a sketch in the stored form of Redis, as GET returns it.
func (s *Sketch) MergeForm(form []byte) error {
	if s.lost > 0 {
		fine := &Sketch{}
		err := fine.MergeForm(form)
		s.Merge(fine)
		return err
	}
	if len(form) < headerBytes || string(form[:4]) != "HYLL" {
		return ErrForm
	}
	body := form[headerBytes:]
	switch {
	case form[4] == dense && len(body) == packedBytes:
		_, err := s.mergePacked(body)
		return err
	case form[4] == sparse:
		return s.mergeRuns(body)
	}
	return ErrForm
}

// mergeRuns takes in registers as runs of equal ones.
func (s *Sketch) mergeRuns(runs []byte) error {
	index := uint32(0)
	for i := 0; i < len(runs); i++ {
		switch one := runs[i]; {
		case one&0x80 != 0:
			rank, length := one>>2&0x1f+1, uint32(one&3)+1
			if index+length > registers {
				return ErrForm
			}
			for range length {
				s.raise(index, rank)
				index++
			}
		case one&0x40 != 0:
			if i++; i == len(runs) {
				return ErrForm
			}
			index += uint32(one&0x3f)<<8 + uint32(runs[i]) + 1
		default:
			index += uint32(one) + 1
		}
	}
	if index != registers {
		return ErrForm
	}
	return nil
}
