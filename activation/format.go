package activation

import (
	"errors"
	"fmt"
	"slices"
)

// Format makes the body of a message out of changes. Start from FormatNamed.
type Format struct {
	// Name is what the format is called in a file.
	Name string
	// Batches tells whether one message can carry several changes.
	Batches bool
	// Traits tells whether a message can carry traits.
	Traits bool

	// completes tells whether a message can say that a snapshot run is complete.
	completes bool
	// encode appends the body. It is given one change at least, and no more
	// than one unless batch is true. It is nil for template, see TemplateFormat.
	encode func(to []byte, changes []Change, batch bool) ([]byte, error)
}

// DefaultFormat is the format of a destination that names none.
const DefaultFormat = "muster"

// formats are in the order in which users are told of them.
var formats = []Format{
	{Name: DefaultFormat, Batches: true, Traits: true, completes: true, encode: always(encodeMuster)},
	{Name: "segment-track", Batches: true, Traits: true, encode: always(encodeTrack)},
	{Name: "segment-identify", Batches: true, Traits: true, encode: always(encodeIdentify)},
	{Name: "mparticle", Batches: true, encode: always(encodeMParticle)},
	{Name: templated, Batches: true, Traits: true},
}

// always is of a format that has a body for all changes.
func always(encode func(to []byte, changes []Change, batch bool) []byte) func([]byte, []Change, bool) ([]byte, error) {
	return func(to []byte, changes []Change, batch bool) ([]byte, error) { return encode(to, changes, batch), nil }
}

// Formats returns the names of all formats, that of the default first.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.Name
	}
	return names
}

// FormatNamed returns the format of a name, false when there is none. That of
// template encodes nothing: what it needs stands with a destination.
func FormatNamed(name string) (Format, bool) {
	i := slices.IndexFunc(formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return formats[i], true
}

// Encode returns the body of a message with changes, in their order, and its
// media type. Equal arguments give equal bytes.
//
// With batch the body is the one for several changes even when it holds a
// single one, so that a receiver has to know one of the two only. It is an
// error to give no change, more than MaxBatch, or several without batch.
//
// Ids may hold any bytes: what is no UTF-8 becomes U+FFFD.
func (f Format) Encode(changes []Change, batch bool) (body []byte, contentType string, err error) {
	switch {
	case f.encode == nil && f.Name == templated:
		return nil, "", errors.New("encoding a message: the format template needs a template")
	case f.encode == nil:
		return nil, "", fmt.Errorf("encoding a message: there is no format %q", f.Name)
	case len(changes) == 0:
		return nil, "", errors.New("encoding a message: it has no changes")
	case len(changes) > MaxBatch:
		return nil, "", fmt.Errorf("encoding a message: %d changes; it may have %d", len(changes), MaxBatch)
	case batch && !f.Batches, !batch && len(changes) > 1:
		return nil, "", fmt.Errorf("encoding a message: the format %s carries one change here, not %d", f.Name, len(changes))
	}
	body, err = f.encode(make([]byte, 0, bytesOf(changes)), changes, batch)
	if err != nil {
		return nil, "", fmt.Errorf("encoding a message: %w", err)
	}
	return body, "application/json", nil
}

// bytesOf is about how long a body gets.
func bytesOf(changes []Change) int {
	size := 64
	for i := range changes {
		size += 288 + len(changes[i].Profile) + len(changes[i].Segment) + len(changes[i].Traits)
	}
	return size
}

// Message returns the message that carries changes to the destination, as
// Format.Encode makes it: in the form for several when Batch is more than 1. In
// Kafka the message has no body.
func (d *Destination) Message(changes []Change) (Message, error) {
	if d.Kafka != nil {
		return Message{ID: MessageID(d.Name, changes), Changes: changes}, nil
	}
	format, err := d.formatOf()
	if err != nil {
		return Message{}, fmt.Errorf("encoding a message: destination %s: %w", d.Name, err)
	}
	body, contentType, err := format.Encode(changes, d.Batch > 1)
	if err != nil {
		return Message{}, fmt.Errorf("destination %s: %w", d.Name, err)
	}
	return Message{ID: MessageID(d.Name, changes), Changes: changes, Body: body, ContentType: contentType}, nil
}

// formatOf returns the destination's format: the one that Read has made, or
// one that is made now.
func (d *Destination) formatOf() (Format, error) {
	if d.format.encode != nil {
		return d.format, nil
	}
	if d.Format == templated {
		return TemplateFormat(d.Template, d.Batch > 1)
	}
	format, ok := FormatNamed(d.Format)
	if !ok {
		return Format{}, fmt.Errorf("there is no format %q", d.Format)
	}
	return format, nil
}
