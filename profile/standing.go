package profile

import "fmt"

// Standing is what the head of a blob tells: in which segments a profile is.
type Standing struct {
	Version    uint64
	Generation uint64
	Segments   []string // in no order
}

// Standing reads the head of a blob and nothing behind it, which is most of
// it. The codec must be one without segments, as of an empty schema.
func (c *Codec) Standing(id, blob string) (Standing, error) {
	r, p := &reader{blob: blob}, &Profile{}
	r.format()
	p.FirstSeen, p.LastSeen = r.varint(), r.varint()
	p.Version, p.Generation = r.uvarint(), r.uvarint()
	p.ReachDay, p.Deadline = r.varint(), r.varint()
	c.readMembers(r, p)
	if r.err != nil {
		return Standing{}, fmt.Errorf("decoding profile %q: %w", id, r.err)
	}
	s := Standing{Version: p.Version, Generation: p.Generation, Segments: make([]string, len(p.Retired))}
	for i, number := range p.Retired {
		s.Segments[i] = c.Segment(number)
	}
	return s, nil
}
