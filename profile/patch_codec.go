package profile

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// patchVersion is the first byte of every patch that is written. Others are
// refused.
const patchVersion = 1

// Append writes the patch behind b, in the form that DecodePatch reads.
func (patch *Patch) Append(b []byte) []byte {
	b = binary.AppendVarint(append(b, patchVersion), patch.At)
	exists := byte(0)
	if patch.Exists {
		exists = 1
	}
	b = append(b, exists)
	b = binary.AppendVarint(binary.AppendVarint(b, patch.FirstSeen), patch.LastSeen)
	b = appendGroups(b, patch.groups)
	b = patch.traits.append(b)
	b = binary.AppendUvarint(b, uint64(len(patch.series)))
	for i := range patch.series {
		one := &patch.series[i]
		b = binary.AppendUvarint(binary.AppendVarint(appendText(b, one.name), one.window), uint64(one.newest))
		b = appendText(b, one.encoded)
	}
	b = binary.AppendUvarint(b, uint64(len(patch.recent)))
	for i := range patch.recent {
		b = patch.recent[i].append(b)
	}
	return b
}

func (e *recentEvent) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, e.id)
	b = binary.AppendVarint(binary.AppendVarint(b, e.applied), e.time)
	b = binary.AppendUvarint(b, uint64(len(e.takes)))
	for _, t := range e.takes {
		b = append(binary.AppendUvarint(b, uint64(t.series)), t.set)
		b = appendText(b, t.value)
	}
	return b
}

// DecodePatch reads what Append wrote. An error says that it is damaged or of
// another version. What its series are of is only told by Seam.Check.
func DecodePatch(data []byte) (*Patch, error) {
	r := &reader{blob: string(data)}
	if v := r.byte(); r.err == nil && v != patchVersion {
		return nil, fmt.Errorf("a patch of version %d, of which this program reads %d: upgrade it, and give the run again", v, patchVersion)
	}
	patch := &Patch{At: r.varint()}
	exists := r.byte()
	patch.Exists = exists == 1
	patch.FirstSeen, patch.LastSeen = r.varint(), r.varint()
	patch.groups = r.groups(false)
	patch.traits.read(r, false)
	n := r.count(4)
	for range n {
		one := patchSeries{name: strings.Clone(r.text()), window: r.varint(), newest: int(r.uvarint())}
		one.encoded = strings.Clone(r.text())
		patch.series = append(patch.series, one)
	}
	for range r.count(11) {
		patch.recent = append(patch.recent, r.recent(n))
	}
	switch {
	case r.err == nil && (r.left() > 0 || exists > 1 || patch.repeatsSeries()):
		r.err = errValue
		fallthrough
	case r.err != nil:
		return nil, fmt.Errorf("a damaged patch: %w", r.err)
	}
	return patch, nil
}

// recent reads an event that is to one of so many series.
func (r *reader) recent(series int) recentEvent {
	one := recentEvent{id: r.fixed(), applied: r.varint(), time: r.varint()}
	for range r.count(3) {
		t := take{series: int(min(r.uvarint(), uint64(series))), set: r.byte(), value: strings.Clone(r.text())}
		if t.series == series {
			r.fail(errValue)
			break
		}
		one.takes = append(one.takes, t)
	}
	return one
}

// repeatsSeries reports whether a series stands in the patch twice.
func (patch *Patch) repeatsSeries() bool {
	known := make(map[string]bool, len(patch.series))
	for i := range patch.series {
		if name := patch.series[i].name; known[name] {
			return true
		} else {
			known[name] = true
		}
	}
	return false
}
