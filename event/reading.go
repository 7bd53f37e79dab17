package event

import (
	"slices"

	"github.com/valyala/fastjson"
)

// Reading is what is read of an event's properties or traits. It is immutable.
type Reading struct {
	all   bool
	names []string
	known map[string]bool // nil where they are few
}

// ReadAll reads all fields.
func ReadAll() *Reading { return &Reading{all: true} }

// ReadFields reads the fields of these names.
func ReadFields(names []string) *Reading {
	r := &Reading{names: slices.Clone(names)}
	if len(names) > fewNames {
		r.known = make(map[string]bool, len(names))
		for _, name := range names {
			r.known[name] = true
		}
	}
	return r
}

func (r *Reading) reads(key []byte) bool {
	if r.known != nil {
		return r.known[string(key)]
	}
	for _, name := range r.names {
		if string(key) == name {
			return true
		}
	}
	return false
}

// spares reports whether few fields are read, or there are few, so that they can be
// compared one by one. Else an object is read whole, which does no harm.
func (r *Reading) spares(o *fastjson.Object) bool {
	return len(r.names) <= linearKeys || o.Len() <= linearKeys
}

// ReadBody says which fields of its properties or traits Decode gives to an event at
// least from now on, by its type and name; nil for all, as a new Decoder does. The others are
// only looked at as far as needed to know whether the event can be used: it is refused
// for the same reasons.
func (d *Decoder) ReadBody(of func(of Type, name string) *Reading) { d.bodies = of }

// content converts what d.call says beside who and when: its properties or traits, or
// what is read of them. Whatever is wrong, or may be, is left to be found by reading
// all of them.
func (d *Decoder) content(of Type, name string) (Value, error) {
	if d.bodies == nil {
		return d.wholeContent(of)
	}
	if d.reading = d.bodies(of, name); !d.reading.all {
		d.doubt, d.paged = false, of == Page || of == Screen
		body, err := d.wholeContent(of)
		if err == nil && !d.doubt {
			return body, nil
		}
	}
	d.reading = nil
	return d.wholeContent(of)
}

// part converts the fields of an object that are read, and looks at the others. Of
// pages it also reads the fields that the call may have to give them.
func (d *Decoder) part(o *fastjson.Object) (Value, error) {
	o.Visit(func(key []byte, v *fastjson.Value) {
		wanted := d.reading.reads(key) || d.paged && (string(key) == "name" || string(key) == "category")
		if !wanted {
			d.look(v)
			return
		}
		if i := d.find(key, 0, false); i >= 0 {
			d.fields[i].value = v
			return
		}
		d.fields = append(d.fields, field{d.arena.string(key), v})
	})
	fields := d.fields // what is pushed below stands behind them
	pairs := d.arena.values.take(2 * len(fields))
	for i, f := range fields {
		v, err := d.value(f.value)
		if err != nil {
			return Value{}, err
		}
		pairs[2*i], pairs[2*i+1] = StringOf(f.key), v
	}
	return ObjectOf(pairs), nil
}

// look counts the leaves of a value, those of repeated keys too, and doubts what can't
// be converted.
func (d *Decoder) look(v *fastjson.Value) {
	switch v.Type() {
	case fastjson.TypeObject:
		v.GetObject().Visit(func(_ []byte, below *fastjson.Value) { d.look(below) })
		return
	case fastjson.TypeArray:
		leaves := d.leaves
		for _, element := range v.GetArray() {
			d.look(element)
		}
		d.leaves = leaves
	case fastjson.TypeNumber:
		if _, err := parseNumber(d.numberText(v)); err != nil {
			d.doubt = true
		}
	}
	d.leaves++
}
