package profile

import "sort"

// view is the part of points that a query's window holds at one instant.
// The lumps and, behind them, the entries are its items, numbered from 0;
// a lump crosses the window's edges with its newest entry.
type view struct {
	points   *points
	times    []int64 // of the entries
	lumps    int     // how many items are lumps
	width    int64   // From and To of the query
	near     int64
	from, to int // the items in the window
}

// never is later than any instant, with room to add a window to it.
const never = int64(1) << 61

func (p *points) view(q Query, now int64) view {
	v := view{points: p, times: p.entries(), lumps: len(p.lumps), width: q.From, near: q.To}
	v.from = v.after(now-q.From, 0)
	v.to = v.len()
	if v.to > v.from && v.at(v.to-1) > now-q.To {
		v.to = v.after(now-q.To, v.from)
	}
	return v
}

// after returns the first item from low on that is later than t.
func (v *view) after(t int64, low int) int {
	n := v.len() - low
	if n <= 0 || v.at(low) > t {
		return low
	}
	return low + sort.Search(n, func(i int) bool { return v.at(low+i) > t })
}

func (v *view) len() int { return v.lumps + len(v.times) }

// at returns the time of an item.
func (v *view) at(item int) int64 {
	if item < v.lumps {
		return v.points.lumps[item].last
	}
	return v.times[item-v.lumps]
}

// split returns the lumps and the entries, by number, in the window.
func (v *view) split() (lumps []lump, i, j int) {
	b := min(v.to, v.lumps)
	return v.points.lumps[min(v.from, b):b], max(v.from, v.lumps) - v.lumps, max(v.to, v.lumps) - v.lumps
}

// edge returns the encoded value of the first or last entry in the window,
// "" for none. It is for series of values, which have no lumps.
func (v *view) edge(r Reduce) string {
	switch {
	case v.from == v.to:
		return ""
	case r == ReduceFirst:
		return v.points.values()[v.from]
	}
	return v.points.values()[v.to-1]
}

// leaves returns the instant at which an item leaves the window.
func (v *view) leaves(item int) int64 { return v.at(item) + v.width }

// next returns the next instant at which an item leaves or enters, 0 for
// never.
func (v *view) next() int64 {
	at := never
	if v.from < v.len() {
		at = v.leaves(v.from)
	}
	if v.to < v.len() {
		at = min(at, v.at(v.to)+v.near)
	}
	if at == never {
		return 0
	}
	return at
}

// end returns the instant at which the last item leaves, 0 for never.
func (v *view) end() int64 {
	if v.from == v.to {
		return 0
	}
	return v.leaves(v.to - 1)
}
