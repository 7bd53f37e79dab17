package cube

import "encoding/binary"

// numbers reads numbers that stand one behind the other.
type numbers struct {
	rest   []byte
	broken bool
}

func (n *numbers) next() uint64 {
	v, width := binary.Uvarint(n.rest)
	if width <= 0 {
		n.broken = true
		return 0
	}
	n.rest = n.rest[width:]
	return v
}

func (n *numbers) signed() int64 {
	v, width := binary.Varint(n.rest)
	if width <= 0 {
		n.broken = true
		return 0
	}
	n.rest = n.rest[width:]
	return v
}

// text reads a text behind its length.
func (n *numbers) text() string {
	length := n.next()
	if n.broken || uint64(len(n.rest)) < length {
		n.broken = true
		return ""
	}
	text := string(n.rest[:length])
	n.rest = n.rest[length:]
	return text
}
