package lookup

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// entryID is the id of an outbox entry: the offset behind its batch, and its
// number since the shard began. The zero value stands before the first.
type entryID struct{ offset, number int64 }

func entryIDOf(text string) entryID {
	offset, number, _ := strings.Cut(text, "-")
	var id entryID
	id.offset, _ = strconv.ParseInt(offset, 10, 64)
	id.number, _ = strconv.ParseInt(number, 10, 64)
	return id
}

// after is the id as Redis has it; "" before the first.
func (e entryID) after() string {
	if e == (entryID{}) {
		return ""
	}
	return strconv.FormatInt(e.offset, 10) + "-" + strconv.FormatInt(e.number, 10)
}

func (e entryID) before(o entryID) bool {
	return e.offset < o.offset || e.offset == o.offset && e.number < o.number
}

// place is how far somebody has read the changes of all shards.
type place struct {
	of     uint32 // the deployment and layout that the shards are of, by placeOf
	shards []entryID
}

// placeOf is a sum of a deployment, its layout and its number of shards. It has
// 31 bits: the text of a place begins with the highest of them, and one that
// began with a dash would be a flag to a command line that it is pasted into.
func placeOf(deployment string, layout, shards int) uint32 {
	return crc32.ChecksumIEEE(fmt.Appendf(nil, "%s %d %d", deployment, layout, shards)) >> 1
}

// String is the place as a short text: numbers in as few bytes as they need,
// about 12 characters for each shard.
func (p *place) String() string {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 8+10*len(p.shards)), p.of)
	for _, id := range p.shards {
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(id.offset)), uint64(id.number))
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// parsePlace reads what String wrote.
func parsePlace(text string) (p place, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < 4 {
		return p, false
	}
	p.of, b = binary.BigEndian.Uint32(b), b[4:]
	for len(b) > 0 {
		var numbers [2]int64
		for i := range numbers {
			value, n := binary.Uvarint(b)
			if n <= 0 || int64(value) < 0 {
				return p, false
			}
			numbers[i], b = int64(value), b[n:]
		}
		p.shards = append(p.shards, entryID{numbers[0], numbers[1]})
	}
	return p, true
}
