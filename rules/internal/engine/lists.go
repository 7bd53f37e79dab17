package engine

// drawer says in which kind of list a posting lies.
type drawer uint8

const (
	drawerArrive   drawer = iota // by cell moved to
	drawerDepart                 // by cell moved from
	drawerUp                     // by boundary crossed upwards
	drawerDown                   // by boundary crossed downwards
	drawerRise                   // by bit that became true
	drawerFall                   // by bit that became false
	drawerResidual               // by residual
	drawerFullCell
	drawerFullUp
	drawerFullDown
	drawerFullBit
	drawerFullEvery // of what is looked at for every profile
)

const drawers = int(drawerFullEvery) + 1

// ofScales reports whether the lists of a drawer belong to scales.
func (d drawer) ofScales() bool {
	return d <= drawerDown || d >= drawerFullCell && d <= drawerFullDown
}

// file puts the postings into the index, those of a group in the order in
// which they were filed: by position.
func (f *filing) file() {
	entries, exits := make([]uint32, f.lists*gateKinds+1), make([]uint32, f.lists+1)
	f.postings.each(func(p *entryPosting) { entries[p.group+1]++ })
	f.exits.each(func(p *exitPosting) { exits[p.list+1]++ })
	f.ix.entries = make([]entry, accumulate(entries))
	f.ix.exits = make([]exit, accumulate(exits))
	f.begin(entries, exits)
	f.postings.each(func(p *entryPosting) {
		at := &entries[p.group]
		f.ix.entries[*at] = p.entry
		*at++
	})
	f.exits.each(func(p *exitPosting) {
		f.ix.exits[exits[p.list]] = p.exit
		exits[p.list]++
	})
	f.placeRests()
}

// placeRests puts the rests into the index, in the order of the entries that
// lead to them, so that those of one list are near each other.
func (f *filing) placeRests() {
	f.ix.rests = make([]rest, 0, len(f.rests))
	placed := make([]uint32, len(f.rests)) // where each is in the index, plus 1
	for i := range f.ix.entries {
		at := &f.ix.entries[i].rest
		if placed[*at] == 0 {
			placed[*at] = uint32(len(f.ix.rests)) + 1
			f.ix.rests = append(f.ix.rests, f.restsFrom(*at)...)
		}
		*at = placed[*at] - 1
	}
}

// accumulate turns numbers, each one index ahead, into where each begins. It
// returns their sum.
func accumulate(counts []uint32) uint32 {
	sum := uint32(0)
	for i, n := range counts {
		sum += n
		counts[i] = sum
	}
	return sum
}

// begin notes where each list begins that is not of an empty drawer.
func (f *filing) begin(entries, exits []uint32) {
	for d := range f.first {
		for owner, first := range f.first[d] {
			_, keys := f.ix.tableOf(drawer(d), owner)
			if entries[first*gateKinds] == entries[(first+keys)*gateKinds] && exits[first] == exits[first+keys] {
				continue
			}
			lists, back := f.ix.makeTable(drawer(d), owner)
			for key := range lists {
				lists[key].begin(back, entries[(first+key)*gateKinds], exits[first+key])
			}
		}
	}
}

func (o *offsets) begin(back bool, entries, exits uint32) {
	if back {
		o.inBack, o.outBack = entries, exits
	} else {
		o.in, o.out = entries, exits
	}
}

// makeTable returns the lists of a drawer and owner, made when they are not
// there yet, and whether those of the move back are meant.
func (ix *index) makeTable(d drawer, owner int) (lists []offsets, back bool) {
	at, keys := ix.tableOf(d, owner)
	if *at == nil {
		*at = make([]offsets, keys+1)
	}
	return *at, d == drawerDepart || d == drawerDown || d == drawerFall || d == drawerFullDown
}

// tableOf returns where the lists of a drawer and owner are kept, and how many
// keys they have.
func (ix *index) tableOf(kind drawer, owner int) (*[]offsets, int) {
	switch kind {
	case drawerRise, drawerFall:
		return &ix.byBit, 64 * ix.bitWords
	case drawerResidual:
		return &ix.byResidual, len(ix.residuals)
	case drawerFullBit:
		return &ix.full.byBit, 64 * ix.bitWords
	case drawerFullEvery:
		return &ix.full.everyProfile, 1
	}
	scale := ix.scales[owner]
	boundaries := scale.cells - scale.base - 1
	switch kind {
	case drawerArrive, drawerDepart:
		return &ix.byScale[owner].cells, scale.cells
	case drawerUp, drawerDown:
		return &ix.byScale[owner].boundaries, boundaries
	case drawerFullCell:
		return &ix.full.byScale[owner].cells, scale.cells
	}
	return &ix.full.byScale[owner].boundaries, boundaries
}
