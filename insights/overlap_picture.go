package insights

import (
	"fmt"
	"io"
	"slices"
)

// Measures of the picture of an overlap, in pixels.
const (
	columnWidth  = 46  // of a combination
	columnHeight = 170 // of its bar, at the most
	sizeWidth    = 150 // of the bar of an audience, at the most
	nameWidth    = 210
	dotRadius    = 6
	headHeight   = 90
)

// mostColumns bounds the combinations of a picture. The smallest are left out.
const mostColumns = 30

// WriteSVG draws an overlap in the way of UpSet (A. Lex and others, UpSet:
// Visualization of Intersecting Sets, IEEE Transactions on Visualization and
// Computer Graphics 20, 2014): a row for each audience, a column for each
// combination with a bar as high as it is large, and a dot for each audience
// that the combination is of.
func (o *Overlap) WriteSVG(to io.Writer) error { return o.picture().writeSVG(to) }

// WritePNG draws the same as points.
func (o *Overlap) WritePNG(to io.Writer) error { return o.picture().writePNG(to) }

func (o *Overlap) picture() *picture {
	columns, left := o.drawn()
	drawn := &picture{
		width:  60 + sizeWidth + nameWidth + columnWidth*max(len(columns), 6),
		height: headHeight + columnHeight + 30 + rowHeight*len(o.Audiences) + 20,
		title:  fmt.Sprintf("How %d audiences overlap", len(o.Audiences)),
	}
	drawn.heading(20, 30, drawn.title)
	note := "Each column counts who is in the audiences with a dot, and in no other of these."
	if left > 0 {
		note += fmt.Sprintf(" The %d smallest are left out.", left)
	}
	drawn.words(20, 52, begins, note)
	drawn.rows(o)
	most := int64(1)
	for i := range columns {
		most = max(most, columns[i].Exactly.Estimate)
	}
	for i := range columns {
		drawn.column(o, &columns[i], 40+sizeWidth+nameWidth+float64(i)*columnWidth, most)
	}
	return drawn
}

// drawn lists the combinations of the picture, and how many it leaves out.
func (o *Overlap) drawn() (columns []Combination, left int) {
	for i := range o.Combinations {
		if o.Combinations[i].Exactly.Found > 0 {
			columns = append(columns, o.Combinations[i])
		}
	}
	left = max(0, len(columns)-mostColumns)
	return columns[:len(columns)-left], left
}

// rowsTop is where the first audience begins.
const rowsTop = headHeight + columnHeight + 30

// rows draws the audiences, with how large each is.
func (p *picture) rows(o *Overlap) {
	most := int64(1)
	for i := range o.Audiences {
		most = max(most, o.Audiences[i].Estimate)
	}
	for i := range o.Audiences {
		one, y := &o.Audiences[i], rowsTop+float64(i*rowHeight)
		if i%2 == 0 {
			p.box(20, y, float64(p.width-40), rowHeight, "#f7fafc", "")
		}
		width := sizeWidth * float64(one.Estimate) / float64(most)
		p.box(20+sizeWidth-width, y+(rowHeight-barHeight)/2, width, barHeight, faded, fmt.Sprintf("%s: %d", one.Name, one.Estimate))
		p.words(20+sizeWidth+10, y+rowHeight-8, begins, shortened(fmt.Sprintf("%s (%d)", one.Name, one.Estimate), 28))
	}
}

// column draws a combination, from x on.
func (p *picture) column(o *Overlap, c *Combination, x float64, most int64) {
	height := columnHeight * float64(c.Exactly.Estimate) / float64(most)
	foot, middle := float64(headHeight+columnHeight), x+columnWidth/2
	p.box(x+8, foot-height, columnWidth-16, height, blue, fmt.Sprintf("%v: %d", c.Names, c.Exactly.Estimate))
	p.words(middle, foot-height-6, centred, fmt.Sprint(c.Exactly.Estimate))
	first, last := -1, -1
	for i := range o.Audiences {
		if slices.Contains(c.Names, o.Audiences[i].Name) {
			last = i
			if first < 0 {
				first = i
			}
		}
	}
	row := func(i int) float64 { return rowsTop + (float64(i)+0.5)*rowHeight }
	p.box(middle-1, row(first), 2, row(last)-row(first), ink, "")
	for i := range o.Audiences {
		fill := pale
		if slices.Contains(c.Names, o.Audiences[i].Name) {
			fill = ink
		}
		p.dot(middle, row(i), dotRadius, fill)
	}
}
