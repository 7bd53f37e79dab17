package insights

import (
	"fmt"
	"io"
	"math"
)

// Measures of the picture of a profile, in pixels.
const (
	labelWidth   = 280 // of names, left
	halfWidth    = 210 // of bars to one side
	figuresWidth = 300 // right
	topHeight    = 110 // above the first bar
	longestLabel = 38  // letters
)

// mostDoublings bounds the scale of a picture: what is more than 64 times as
// frequent has the longest bar too.
const mostDoublings = 6

// WriteSVG draws some findings of a profile: a bar to the right in blue for what
// is more frequent in the audience, and one to the left in red for what is less.
func (p *Profile) WriteSVG(to io.Writer, findings []Finding) error {
	return p.picture(findings).writeSVG(to)
}

// WritePNG draws the same as points.
func (p *Profile) WritePNG(to io.Writer, findings []Finding) error {
	return p.picture(findings).writePNG(to)
}

func (p *Profile) picture(findings []Finding) *picture {
	drawn := &picture{
		width: labelWidth + 2*halfWidth + figuresWidth, height: topHeight + rowHeight*max(1, len(findings)) + rowHeight,
		title: fmt.Sprintf("%s against %s", p.Audience.Name, p.Against.Name),
	}
	drawn.heading(20, 30, shortened(drawn.title, 100))
	drawn.words(20, 52, begins, fmt.Sprintf("%d profiles against %d. %d of %d comparisons differ by more than chance.",
		p.Audience.Estimate, p.Against.Estimate, p.Differ, p.Compared))
	doublings := scaleOf(findings)
	drawn.axis(doublings, len(findings))
	for i := range findings {
		drawn.bar(&findings[i], topHeight+float64(i*rowHeight), doublings)
	}
	if len(findings) == 0 {
		drawn.words(labelWidth+halfWidth, topHeight+rowHeight-8, centred, "Nothing differs by more than chance.")
	}
	return drawn
}

// scaleOf is how many doublings a bar of full length is.
func scaleOf(findings []Finding) float64 {
	most := 1.0
	for i := range findings {
		for _, end := range []Index{findings[i].Index, findings[i].IndexHigh, findings[i].IndexLow} {
			if away := math.Abs(doublingsOf(end)); !math.IsInf(away, 0) && !math.IsNaN(away) {
				most = max(most, math.Ceil(away))
			}
		}
	}
	return min(most, mostDoublings)
}

// doublingsOf is how often 100 is doubled to be an index.
func doublingsOf(x Index) float64 { return math.Log2(float64(x / same)) }

// axis draws what a bar's length means.
func (p *picture) axis(doublings float64, rows int) {
	const middle = labelWidth + halfWidth
	p.words(middle-10, topHeight-38, ends, "less frequent")
	p.words(middle+10, topHeight-38, begins, "more frequent")
	for at := -doublings; at <= doublings; at++ {
		x := middle + at/doublings*halfWidth
		fill := pale
		if at == 0 {
			fill = faded
		}
		p.box(x, topHeight-8, 1, float64(rows*rowHeight+8), fill, "")
		switch times := math.Exp2(math.Abs(at)); {
		case at < 0:
			p.words(x, topHeight-16, centred, fmt.Sprintf("1/%.0f", times))
		case at > 0:
			p.words(x, topHeight-16, centred, fmt.Sprintf("%.0fx", times))
		default:
			p.words(x, topHeight-16, centred, "same")
		}
	}
}

// bar draws a finding.
func (p *picture) bar(f *Finding, y, doublings float64) {
	const middle = labelWidth + halfWidth
	at := func(x Index) float64 {
		return middle + halfWidth*max(-1, min(1, doublingsOf(x)/doublings))
	}
	fill, end := blue, at(f.Index)
	if f.Index < same {
		fill = red
	}
	base := y + float64(rowHeight+fontSize)/2 - 3
	p.words(labelWidth-10, base, ends, shortened(f.Label(), longestLabel))
	p.box(min(middle, end), y+(rowHeight-barHeight)/2, math.Abs(end-middle), barHeight, fill, f.Label()+": "+f.figures())
	p.box(at(f.IndexLow), y+rowHeight/2, max(1, at(f.IndexHigh)-at(f.IndexLow)), 1, ink, "") // the band
	p.words(middle+halfWidth+15, base, begins, f.figures())
}

// figures tells a finding in a few words.
func (f *Finding) figures() string {
	return fmt.Sprintf("%.1f %% against %.1f %%, %s", 100*f.Share, 100*f.ShareAgainst, f.Times())
}

// Times tells how many times as frequent it is, for people.
func (f *Finding) Times() string {
	switch {
	case f.InAudience == 0:
		return "never here"
	case f.InAgainst == 0:
		return "only here"
	case f.Index < same/10:
		return fmt.Sprintf("%.2gx", f.Index/same)
	}
	return fmt.Sprintf("%.1fx", f.Index/same)
}
