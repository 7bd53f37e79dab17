package cube

import (
	"cmp"
	"slices"
)

// Page is the cells of one cube and period that are about to be stored: those
// that are there, and what is added to them. It bounds them: where there would
// be more than a number of cells, the rarest are folded into Other, so many that
// an eighth of the room is free again.
type Page struct {
	cells map[string]*Cell
}

// Add merges the stored form of a cell into the page.
func (p *Page) Add(name string, form []byte) error {
	if p.cells == nil {
		p.cells = map[string]*Cell{}
	}
	c := p.cells[name]
	if c == nil {
		c = &Cell{}
		p.cells[name] = c
	}
	rest, err := c.MergeForm(form)
	if err == nil && len(rest) > 0 {
		err = errForm
	}
	return err
}

// Len is the number of cells.
func (p *Page) Len() int { return len(p.cells) }

// Has reports whether there is a cell of a name.
func (p *Page) Has(name string) bool { return p.cells[name] != nil }

// Names returns the names of the cells.
func (p *Page) Names() []string {
	names := make([]string, 0, len(p.cells))
	for name := range p.cells {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Form appends the stored form of a cell that is there.
func (p *Page) Form(dst []byte, name string) []byte { return p.cells[name].Append(dst) }

// Fold folds the rarest cells into Other where there are more than most, and
// returns their names. The page has to have all cells that there are.
func (p *Page) Fold(most int) []string {
	if p.Len() <= most {
		return nil
	}
	names := slices.DeleteFunc(p.Names(), func(name string) bool { return name == Other })
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(p.cells[b].Events, p.cells[a].Events) })
	kept := max(0, most-most/8-1) // Other is one too
	other := p.cells[Other]
	if other == nil {
		other = &Cell{}
		p.cells[Other] = other
	}
	folded := names[min(kept, len(names)):]
	for _, name := range folded {
		other.Merge(p.cells[name])
		other.Folded++
		delete(p.cells, name)
	}
	return folded
}
