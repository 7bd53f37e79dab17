package profile

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// patchVersion is the first byte of a patch that tells since when conditions of
// held(...) are true: behind all that others have, it lists them. Newer ones
// are refused.
const patchVersion = 2

// plainPatch is the version of all others, which programs that know of no
// conditions read too.
const plainPatch = 1

// Append writes the patch behind b, in the form that DecodePatch reads.
func (patch *Patch) Append(b []byte) []byte {
	version := byte(plainPatch)
	if len(patch.conditions) > 0 {
		version = patchVersion
	}
	b = binary.AppendVarint(append(b, version), patch.At)
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
		b = patch.recent[i].appendAs(b, func(series int) uint64 { return uint64(series) })
	}
	if version == patchVersion {
		b = binary.AppendUvarint(b, uint64(len(patch.conditions)))
		for _, c := range patch.conditions {
			b = c.append(b)
		}
	}
	return b
}

func (c *patchCondition) append(b []byte) []byte {
	is := byte(0)
	if c.true {
		is = 1
	}
	return binary.AppendVarint(append(appendText(b, c.name), is), c.since)
}

// appendAs writes an event, with its series by the numbers that they have
// where it is written.
func (e *recentEvent) appendAs(b []byte, number func(series int) uint64) []byte {
	b = binary.LittleEndian.AppendUint64(b, e.id)
	b = binary.AppendVarint(binary.AppendVarint(b, e.applied), e.time)
	b = binary.AppendUvarint(b, uint64(len(e.takes)))
	for _, t := range e.takes {
		b = append(binary.AppendUvarint(b, number(t.series)), t.set)
		b = appendText(b, t.value)
	}
	return b
}

// DecodePatch reads what Append wrote. An error says that it is damaged or of
// another version. What its series are of is only told by Seam.Check.
func DecodePatch(data []byte) (*Patch, error) {
	r := &reader{blob: string(data)}
	version := r.byte()
	if r.err == nil && (version < plainPatch || version > patchVersion) {
		return nil, fmt.Errorf("a patch of version %d, of which this program reads %d to %d: upgrade it, and give the run again",
			version, plainPatch, patchVersion)
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
	if version == patchVersion {
		patch.conditions = r.patchConditions()
	}
	switch {
	case r.err == nil && (r.left() > 0 || exists > 1 || patch.repeatsName()):
		r.err = errValue
		fallthrough
	case r.err != nil:
		return nil, fmt.Errorf("a damaged patch: %w", r.err)
	}
	return patch, nil
}

// patchConditions reads the conditions of a patch, of which there are some.
func (r *reader) patchConditions() []patchCondition {
	n := r.count(3)
	if n == 0 {
		r.fail(errValue)
	}
	var list []patchCondition
	for range n {
		one := patchCondition{name: strings.Clone(r.text())}
		is := r.byte()
		one.true, one.since = is == 1, r.varint()
		if is > 1 || !one.true && one.since != 0 {
			r.fail(errValue)
		}
		list = append(list, one)
	}
	return list
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

// repeatsName reports whether a series or a condition stands in the patch twice.
func (patch *Patch) repeatsName() bool {
	known := make(map[string]bool, len(patch.series)+len(patch.conditions))
	for i := range patch.series {
		known[patch.series[i].name] = true
	}
	for i := range patch.conditions {
		known[patch.conditions[i].name] = true
	}
	return len(known) < len(patch.series)+len(patch.conditions)
}
