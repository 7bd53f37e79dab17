package sink

import (
	"fmt"
	"strconv"
	"strings"
)

// changeID is the id of a change: the offset behind its batch, and the number
// of the change since the shard began, see Entry. The zero value stands before
// the first.
type changeID struct{ offset, number int64 }

// changeIDOf reads an id; "" stands before the first.
func changeIDOf(text string) (id changeID, err error) {
	if text == "" {
		return id, nil
	}
	offset, number, _ := strings.Cut(text, "-")
	if id.offset, err = strconv.ParseInt(offset, 10, 64); err == nil {
		id.number, err = strconv.ParseInt(number, 10, 64)
	}
	if err != nil {
		return changeID{}, fmt.Errorf("%q is no id of a change", text)
	}
	return id, nil
}

func (c changeID) before(o changeID) bool {
	return c.offset < o.offset || c.offset == o.offset && c.number < o.number
}

func (c changeID) append(b []byte) []byte { return appendID(b, c.offset, c.number) }

// String is the id as Redis has it.
func (c changeID) String() string { return string(c.append(nil)) }

// appendID writes the id of an entry of a stream.
func appendID(b []byte, first, second int64) []byte {
	b = append(strconv.AppendInt(b, first, 10), '-')
	return strconv.AppendInt(b, second, 10)
}
