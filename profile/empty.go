package profile

// empty makes a profile one that has seen nothing, in the memory that it has.
// Nobody may refer to anything of it any more.
func (p *Profile) empty() {
	for i := range p.kept {
		p.leavePoints(&p.kept[i])
	}
	p.leaveSheet()
	if spoiling {
		p.spoil()
		*p = Profile{}
		return
	}
	if derived, ok := p.Derived.(interface{ Forget() }); ok {
		derived.Forget()
	}
	*p = Profile{
		Members: p.Members[:0], Retired: p.Retired[:0], Derived: p.Derived,
		seen: seen{sightings: p.seen.sightings[:0]}, held: p.held[:0], kept: p.kept[:0],
		block: p.block[:0], traitText: p.traitText[:0],
	}
}

// leaveSheet gives up the sheet, of which no series has points any more.
func (p *Profile) leaveSheet() {
	if p.sheet != nil {
		p.spares.giveSheet(p.sheet)
		p.sheet = nil
	}
}

// spoil writes nonsense into what a profile's memory has.
func (p *Profile) spoil() {
	for i := range p.Members {
		p.Members[i] = ^uint64(0)
	}
	for _, list := range [][]byte{p.block, p.traitText, p.seen.sightings} {
		for i := range list {
			list[i] = 0xff
		}
	}
	p.ID = "spoiled"
}
