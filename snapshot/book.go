package snapshot

import (
	"slices"
)

// book is the profiles that are held while they change, in order, within a bound
// of memory. Each change makes a new list: the one before stays as it is for
// whoever asks it.
type book struct {
	bound int64
	bytes int64
	list  []held
	first *held // of those that were ever left out, nil for none
}

// wants reports whether a profile would be held.
func (b *book) wants(one *held) bool { return b.first == nil || compare(one, b.first) < 0 }

// put takes profiles over, which stand in order. One without a blob is gone. With
// replaced, all others of that shard are gone too.
func (b *book) put(changes []held, replaced int32) {
	if len(changes) == 0 && replaced == nobody {
		return
	}
	list := make([]held, 0, len(b.list)+len(changes))
	b.bytes = 0
	take := func(one *held) {
		if one.blob != "" && b.wants(one) {
			list = append(list, *one)
			b.bytes += one.bytes()
		}
	}
	for i := range b.list {
		one := &b.list[i]
		for len(changes) > 0 && compare(&changes[0], one) < 0 {
			take(&changes[0])
			changes = changes[1:]
		}
		switch {
		case len(changes) > 0 && compare(&changes[0], one) == 0:
			take(&changes[0])
			changes = changes[1:]
		case one.shard != replaced:
			take(one)
		}
	}
	for i := range changes {
		take(&changes[i])
	}
	b.list = b.within(list)
}

// nobody is no shard.
const nobody = -1

// within leaves out the last profiles of a list until the others fit. None
// behind them is ever taken again: those that stay are all up to a hash.
func (b *book) within(list []held) []held {
	end := len(list)
	for b.bytes > b.bound {
		end--
		b.bytes -= list[end].bytes()
	}
	if end == len(list) {
		return list
	}
	first := list[end]
	first.blob = "" // only its place counts
	b.first = &first
	return slices.Clone(list[:end]) // the rest must not stay in memory
}
