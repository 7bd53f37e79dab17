package engine

import (
	"slices"

	"muster/profile"
	"muster/rules/internal/language"
)

// timing is what can move with time alone in what is read of one series.
type timing struct {
	// scales are those whose value is an aggregate of the series over a
	// window, as it stands: nothing happens before that leaves its cell.
	scales []int32
	// queries are the aggregates read by anything else, each without its
	// reduction unless it matters: any change of them may matter.
	queries []profile.Query
}

// moves reports whether anything can move.
func (t *timing) moves() bool { return len(t.scales)+len(t.queries) > 0 }

// noteTimings notes, once all constants are known, what can move with time.
func (b *Builder) noteTimings() {
	b.set.timings = make([]timing, len(b.list))
	for i, scale := range b.scales {
		of := b.sources.scales[i]
		if of.Op != language.OpAggregate || !scale.domain.plain() {
			b.watch(of)
			continue
		}
		q := b.query(of.Aggregate)
		if !b.list[q.Series].Keep.Sliding() {
			b.watch(of)
			continue
		}
		scale.query = &q
		b.set.timings[q.Series].scales = append(b.set.timings[q.Series].scales, int32(i))
	}
	for _, list := range [][]*language.Term{b.sources.bits, b.sources.residuals} {
		for _, t := range list {
			b.watch(t)
		}
	}
	b.boundCounts()
}

// watch notes the aggregates that an expression reads.
func (b *Builder) watch(t *language.Term) {
	t.Each(func(t *language.Term) {
		if t.Op != language.OpAggregate || !t.Aggregate.Stream.Window.Sliding {
			return
		}
		q := b.query(t.Aggregate)
		if q.Reduce != profile.ReduceLast {
			q.Reduce = profile.ReduceCount // all others move when events enter or leave
		}
		if of := &b.set.timings[q.Series]; !slices.Contains(of.queries, q) {
			of.queries = append(of.queries, q)
		}
	})
}

// maxNewest is the number of events up to which a series is bounded by what
// counts are compared with. It is beyond every bound that profiles have.
const maxNewest = 1 << 30

// boundCounts bounds each series of which nothing is read but counts up to
// now, to be compared with constants: one event more than the greatest of
// them cannot be told from two more, and the newest events are those of
// every window.
func (b *Builder) boundCounts() {
	for i := range b.list {
		t := &b.set.timings[i]
		if b.list[i].Keep != profile.KeepSlidingTimes || len(t.queries) > 0 {
			continue
		}
		greatest, bounded := 0.0, true
		for _, one := range t.scales {
			s := b.scales[one]
			bounded = bounded && s.query.To == 0
			for _, n := range s.numbers {
				greatest = max(greatest, n)
			}
		}
		if bounded && greatest < maxNewest {
			b.list[i].Newest = int(greatest) + 1
		}
	}
}
