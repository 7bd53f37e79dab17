package profile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// shadowFormat is the first byte of the blob of a profile that has shadows.
// Behind the conditions, of which there may be none, it holds the shadows;
// else it is as formatVersion. In journalFormat what is kept for conditions
// of held(...) stands behind each shadow.
const (
	shadowFormat  = formatVersion | 1<<7
	journalFormat = shadowFormat + 1
)

// inlineShadowFormat is to shadowFormat as inlineFormat is to formatVersion.
const inlineShadowFormat = inlineFormat | 1<<7

// Across returns the codec of a shard that has seams: what profiles keep for
// runs whose seams are open is written and read, and that of others dropped.
func (c *Codec) Across(seams Seams) *Codec {
	across := *c
	across.seams = seams
	return &across
}

// appendShadows writes the conditions and the shadows of a profile that has any.
func (c *Codec) appendShadows(b []byte, p *Profile, now int64) []byte {
	if len(p.held) == 0 {
		b = binary.AppendUvarint(b, 0)
	} else {
		b = c.appendHeld(b, p)
	}
	b = binary.AppendUvarint(b, uint64(len(p.shadows)))
	journaled := p.journaled()
	for i := range p.shadows {
		own := &p.shadows[i]
		b = binary.AppendVarint(appendText(b, own.run), own.at)
		b = binary.AppendUvarint(b, uint64(len(own.done)))
		for _, series := range own.done {
			b = binary.AppendUvarint(b, c.series.number[series])
		}
		b = c.appendSeries(own.after.seen.append(b), own.after, now)
		if journaled {
			b = c.appendJournal(b, own)
		}
	}
	return b
}

// readShadows reads the shadows, those of runs without an open seam too.
func (c *Codec) readShadows(r *reader, p *Profile) {
	n := r.count(5)
	if n == 0 {
		r.fail(errors.New("an empty list of shadows"))
	}
	for range n {
		own := shadow{run: strings.Clone(r.text()), at: r.varint(), after: &Profile{}}
		for range r.count(1) {
			number := r.uvarint()
			if number >= uint64(len(c.names)) {
				r.fail(fmt.Errorf("series number %d is not among the shard's %d names", number, len(c.names)))
				return
			}
			if i, ok := c.series.at(number); ok {
				own.done = append(own.done, i)
			}
		}
		slices.Sort(own.done)
		own.after.seen.read(r)
		c.readSeries(r, own.after)
		if r.journaled {
			c.readJournal(r, &own)
		}
		p.shadows = append(p.shadows, own)
	}
	p.leaveSeams(c.seams, 0)
}

// shadows passes over the shadows of a blob: where a profile goes to another
// shard no seam is open.
func (w *rewriter) shadows() {
	for range w.count(5) {
		w.text()
		w.varint()
		for range w.count(1) {
			w.uvarint()
		}
		w.skipSeen()
		for range w.count(5) {
			w.uvarint()
			w.skipPoints()
		}
		if w.journaled {
			w.skipJournal()
		}
	}
}
