package insights

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// finer is how many points of a PNG a pixel of a picture is wide and high, so
// that letters are sharp on screens of today.
const finer = 2

// letters are those of the module: Latin, Greek and Cyrillic. Others are boxes.
var letters = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(goregular.TTF) })

// canvas is a PNG in the making.
type canvas struct {
	to    *image.RGBA
	faces map[float64]font.Face
}

// writePNG writes a picture as points.
func (p *picture) writePNG(to io.Writer) error {
	c := &canvas{image.NewRGBA(image.Rect(0, 0, finer*p.width, finer*p.height)), map[float64]font.Face{}}
	draw.Draw(c.to, c.to.Bounds(), image.NewUniform(colourOf(paper)), image.Point{}, draw.Src)
	for _, shape := range p.shapes {
		switch one := shape.(type) {
		case box:
			c.box(&one)
		case dot:
			c.dot(&one)
		case words:
			if err := c.words(&one); err != nil {
				return fmt.Errorf("drawing a picture: %w", err)
			}
		}
	}
	if err := png.Encode(to, c.to); err != nil {
		return fmt.Errorf("writing a picture: %w", err)
	}
	return nil
}

// colourOf reads #rrggbb.
func colourOf(text string) color.RGBA {
	c := color.RGBA{A: 0xff}
	_, _ = fmt.Sscanf(text, "#%02x%02x%02x", &c.R, &c.G, &c.B) // ours are right
	return c
}

func points(v px) int { return int(math.Round(float64(v) * finer)) }

func (c *canvas) box(b *box) {
	at := image.Rect(points(b.X), points(b.Y), points(b.X+b.Width), points(b.Y+b.Height))
	draw.Draw(c.to, at, image.NewUniform(colourOf(b.Fill)), image.Point{}, draw.Src)
}

// dot draws a circle, whose edge is as pale as little of a point is in it.
func (c *canvas) dot(d *dot) {
	fill, radius := colourOf(d.Fill), float64(d.Radius)*finer
	x, y := float64(d.X)*finer, float64(d.Y)*finer
	for row := int(y - radius - 1); row <= int(y+radius+1); row++ {
		for column := int(x - radius - 1); column <= int(x+radius+1); column++ {
			inside := radius + 0.5 - math.Hypot(float64(column)+0.5-x, float64(row)+0.5-y)
			alpha := color.Alpha{A: uint8(255 * max(0, min(1, inside)))}
			draw.DrawMask(c.to, image.Rect(column, row, column+1, row+1), image.NewUniform(fill), image.Point{}, image.NewUniform(alpha), image.Point{}, draw.Over)
		}
	}
}

func (c *canvas) words(w *words) error {
	face, err := c.face(w.Size)
	if err != nil {
		return err
	}
	pen := font.Drawer{Dst: c.to, Src: image.NewUniform(colourOf(w.Fill)), Face: face, Dot: fixed.P(points(w.X), points(w.Y))}
	switch width := pen.MeasureString(w.Text); w.Anchor {
	case ends:
		pen.Dot.X -= width
	case centred:
		pen.Dot.X -= width / 2
	}
	pen.DrawString(w.Text)
	return nil
}

// face is the font in a size.
func (c *canvas) face(size float64) (font.Face, error) {
	if face, made := c.faces[size]; made {
		return face, nil
	}
	parsed, err := letters()
	if err != nil {
		return nil, fmt.Errorf("reading the font: %w", err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size * finer, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, fmt.Errorf("making a font of size %v: %w", size, err)
	}
	c.faces[size] = face
	return face, nil
}
