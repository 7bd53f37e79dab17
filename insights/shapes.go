package insights

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"
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

// px is a length in pixels. It is written to a tenth, so that processors that
// round differently draw the same.
type px float64

// MarshalXMLAttr implements xml.MarshalerAttr.
func (v px) MarshalXMLAttr(name xml.Name) (xml.Attr, error) {
	return xml.Attr{Name: name, Value: strconv.FormatFloat(math.Round(float64(v)*10)/10, 'f', -1, 64)}, nil
}

// box is a filled rectangle. What it says is shown to who points at it.
type box struct {
	XMLName xml.Name `xml:"rect"`
	X       px       `xml:"x,attr"`
	Y       px       `xml:"y,attr"`
	Width   px       `xml:"width,attr"`
	Height  px       `xml:"height,attr"`
	Fill    string   `xml:"fill,attr"`
	Says    string   `xml:"title,omitempty"`
}

// dot is a filled circle.
type dot struct {
	XMLName xml.Name `xml:"circle"`
	X       px       `xml:"cx,attr"`
	Y       px       `xml:"cy,attr"`
	Radius  px       `xml:"r,attr"`
	Fill    string   `xml:"fill,attr"`
}

// words are a line of text. Y is that of the line that letters stand on.
type words struct {
	XMLName xml.Name `xml:"text"`
	X       px       `xml:"x,attr"`
	Y       px       `xml:"y,attr"`
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
	p.shapes = append(p.shapes, box{X: px(x), Y: px(y), Width: px(width), Height: px(height), Fill: fill, Says: says})
}

func (p *picture) dot(x, y, radius float64, fill string) {
	p.shapes = append(p.shapes, dot{X: px(x), Y: px(y), Radius: px(radius), Fill: fill})
}

func (p *picture) words(x, y float64, anchor, text string) {
	p.shapes = append(p.shapes, words{X: px(x), Y: px(y), Anchor: anchor, Size: fontSize, Fill: ink, Text: text})
}

// heading is a line of text in larger letters.
func (p *picture) heading(x, y float64, text string) {
	p.shapes = append(p.shapes, words{X: px(x), Y: px(y), Anchor: begins, Size: titleSize, Fill: ink, Text: text})
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
		Shapes: append([]any{box{Width: px(p.width), Height: px(p.height), Fill: paper}}, p.shapes...),
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
