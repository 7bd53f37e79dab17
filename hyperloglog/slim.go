package hyperloglog

import (
	"encoding/binary"
	"sync"

	"github.com/klauspost/compress/huff0"
)

// The slim form is for sketches that are kept for long and seldom read: a byte
// that tells how coarse the sketch is and how the registers are written, how many
// numbers or bytes follow, and these. Of a full sketch it is Huffman's code of the
// ranks, some three bits each, where Redis takes six.
const (
	slimList = iota // see appendGaps
	slimCode
	slimPlain // a byte each, where no code is shorter
)

// Encoders and decoders are used one at a time, as each holds tables.
var (
	encoders = sync.Pool{New: func() any { return &huff0.Scratch{Reuse: huff0.ReusePolicyNone} }}
	decoders = sync.Pool{New: func() any { return &huff0.Scratch{MaxDecodedSize: registers} }}
)

// AppendSlim appends the slim form of a sketch: of one that was made coarser, as
// little as need be, until that takes so many bytes at most, or until it has
// 2^MinBits registers. The sketch itself stays as it is.
func (s *Sketch) AppendSlim(dst []byte, most int) []byte {
	form := s.slim()
	for coarse := s; coarse.Bits() > MinBits && len(form) > most; form = coarse.slim() {
		coarse = coarse.within(coarse.Bits() - 1)
	}
	return append(dst, form...)
}

func (s *Sketch) slim() []byte {
	set := 0
	for range s.each {
		set++
	}
	list := s.appendGaps(s.slimHead(slimList, set))
	if set < s.size()/64 {
		return list // no code is shorter than a bit for each register
	}
	if code := s.slimCode(); len(code) < len(list) {
		return code
	}
	return list
}

func (s *Sketch) slimHead(kind, n int) []byte {
	return binary.AppendUvarint([]byte{byte(s.Bits() | kind<<4)}, uint64(n))
}

// slimCode is the form with a number for each register.
func (s *Sketch) slimCode() []byte {
	ranks := make([]byte, s.size())
	for index, rank := range s.each {
		ranks[index] = rank
	}
	coder := encoders.Get().(*huff0.Scratch)
	defer encoders.Put(coder)
	code, _, err := huff0.Compress1X(ranks, coder)
	if err != nil { // no code is shorter
		return append(s.slimHead(slimPlain, len(ranks)), ranks...)
	}
	return append(s.slimHead(slimCode, len(code)), code...)
}

// MergeSlim takes in a sketch in its slim form, as Merge does, and returns what
// stands behind that.
func (s *Sketch) MergeSlim(form []byte) ([]byte, error) {
	if len(form) == 0 {
		return nil, ErrForm
	}
	bits, kind := int(form[0]&15), form[0]>>4
	n, width := binary.Uvarint(form[1:])
	if width <= 0 || n > registers || bits < MinBits || bits > indexBits {
		return nil, ErrForm
	}
	form = form[1+width:]
	own := &Sketch{lost: uint8(indexBits - bits)}
	var err error
	switch {
	case kind == slimList:
		form, err = own.mergeGaps(form, int(n))
	case kind > slimPlain || len(form) < int(n):
		err = ErrForm
	default:
		err = own.takeRanks(form[:n], kind)
		form = form[n:]
	}
	if err != nil {
		return nil, err
	}
	s.Merge(own)
	return form, nil
}

// takeRanks takes in a number for each register.
func (s *Sketch) takeRanks(ranks []byte, kind byte) error {
	if kind == slimCode {
		coder := decoders.Get().(*huff0.Scratch)
		defer decoders.Put(coder)
		_, code, err := huff0.ReadTable(ranks, coder)
		if err != nil {
			return ErrForm
		}
		if ranks, err = coder.Decoder().Decompress1X(make([]byte, 0, s.size()), code); err != nil {
			return ErrForm
		}
	}
	if len(ranks) != s.size() {
		return ErrForm
	}
	for index, rank := range ranks {
		switch {
		case int(rank) > s.rows()+1:
			return ErrForm
		case rank > 0:
			s.raise(uint32(index), rank)
		}
	}
	return nil
}
