package insights

import (
	"encoding/xml"
	"fmt"
	"io"
	"unicode/utf8"
)

// The colours of pictures.
const (
	blue  = "#2b6cb0" // more
	red   = "#c53030" // less
	ink   = "#1a202c"
	faded = "#a0aec0"
	pale  = "#e2e8f0"
	paper = "#ffffff"
)

const (
	fontSize  = 13
	titleSize = 16
	rowHeight = 24
	// barHeight is that of a bar within its row.
	barHeight = 14
)

// picture is shapes on paper, the first at the bottom.
type picture struct {
	width, height int
	title         string
	shapes        []any
}

// box is a filled rectangle. What it says is shown to who points at it.
type box struct {
	XMLName xml.Name `xml:"rect"`
	X       float64  `xml:"x,attr"`
	Y       float64  `xml:"y,attr"`
	Width   float64  `xml:"width,attr"`
	Height  float64  `xml:"height,attr"`
	Fill    string   `xml:"fill,attr"`
	Says    string   `xml:"title,omitempty"`
}

// dot is a filled circle.
type dot struct {
	XMLName xml.Name `xml:"circle"`
	X       float64  `xml:"cx,attr"`
	Y       float64  `xml:"cy,attr"`
	Radius  float64  `xml:"r,attr"`
	Fill    string   `xml:"fill,attr"`
}

// words are a line of text. Y is that of the line that letters stand on.
type words struct {
	XMLName xml.Name `xml:"text"`
	X       float64  `xml:"x,attr"`
	Y       float64  `xml:"y,attr"`
	Anchor  string   `xml:"text-anchor,attr"`
	Size    float64  `xml:"font-size,attr"`
	Fill    string   `xml:"fill,attr"`
	Text    string   `xml:",chardata"`
}

// Where a text is in respect of its X.
const (
	begins  = "start"
	centred = "middle"
	ends    = "end"
)

func (p *picture) box(x, y, width, height float64, fill, says string) {
	p.shapes = append(p.shapes, box{X: x, Y: y, Width: width, Height: height, Fill: fill, Says: says})
}

func (p *picture) dot(x, y, radius float64, fill string) {
	p.shapes = append(p.shapes, dot{X: x, Y: y, Radius: radius, Fill: fill})
}

func (p *picture) words(x, y float64, anchor, text string) {
	p.shapes = append(p.shapes, words{X: x, Y: y, Anchor: anchor, Size: fontSize, Fill: ink, Text: text})
}

// heading is a line of text in larger letters.
func (p *picture) heading(x, y float64, text string) {
	p.shapes = append(p.shapes, words{X: x, Y: y, Anchor: begins, Size: titleSize, Fill: ink, Text: text})
}

// svg is the document that a picture is written as.
type svg struct {
	XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
	Width   int      `xml:"width,attr"`
	Height  int      `xml:"height,attr"`
	ViewBox string   `xml:"viewBox,attr"`
	Font    string   `xml:"font-family,attr"`
	Role    string   `xml:"role,attr"`
	Title   string   `xml:"title"`
	Shapes  []any
}

// writeSVG writes a picture as a document of its own. Texts are escaped.
func (p *picture) writeSVG(to io.Writer) error {
	whole := svg{
		Width: p.width, Height: p.height, ViewBox: fmt.Sprintf("0 0 %d %d", p.width, p.height),
		Font: "Helvetica, Arial, sans-serif", Role: "img", Title: p.title,
		Shapes: append([]any{box{Width: float64(p.width), Height: float64(p.height), Fill: paper}}, p.shapes...),
	}
	encoder := xml.NewEncoder(to)
	encoder.Indent("", " ")
	if err := encoder.Encode(whole); err != nil {
		return fmt.Errorf("writing a picture: %w", err)
	}
	if _, err := io.WriteString(to, "\n"); err != nil {
		return fmt.Errorf("writing a picture: %w", err)
	}
	return nil
}

// shortened cuts a name that is too long for its place.
func shortened(name string, most int) string {
	if utf8.RuneCountInString(name) <= most {
		return name
	}
	return string([]rune(name)[:most-1]) + "…"
}
