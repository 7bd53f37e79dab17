package event

import (
	"strconv"

	"github.com/valyala/fastjson"
)

// linearKeys is the size up to which an object's keys are compared one by
// one to find repeated ones.
const linearKeys = 16

// keptKeys is the largest key index that is kept for the next object.
const keptKeys = 4096

// field is one key of an object and the last of its values.
type field struct {
	key   string
	value *fastjson.Value
}

// body converts traits or properties. An empty array is an empty object: PHP
// can't tell the two apart.
func (d *Decoder) body(name string, v *fastjson.Value) (Value, error) {
	d.leaves = 0
	switch {
	case v == nil:
		return Value{}, nil
	case v.Type() == fastjson.TypeArray && len(v.GetArray()) == 0:
		return ObjectOf(nil), nil
	case v.Type() != fastjson.TypeObject:
		return Value{}, reject(name, "%s is neither an object nor null", show(v))
	}
	d.fields = d.fields[:0]
	if o := v.GetObject(); d.reading != nil && d.reading.spares(o) {
		body, err := d.part(o)
		if err != nil {
			return Value{}, err
		}
		return body, d.bounded(name)
	}
	body, err := d.value(v)
	if err != nil {
		return Value{}, under(name, err)
	}
	return body, d.bounded(name)
}

// bounded rejects a body of too many leaves.
func (d *Decoder) bounded(name string) error {
	if d.leaves > d.config.MaxTraits {
		return reject(name, "%d leaves, the limit is %d", d.leaves, d.config.MaxTraits)
	}
	return nil
}

// value converts any JSON value and counts its leaves.
func (d *Decoder) value(v *fastjson.Value) (Value, error) {
	switch v.Type() {
	case fastjson.TypeObject:
		return d.object(v.GetObject())
	case fastjson.TypeArray:
		leaves := d.leaves
		list, err := d.array(v.GetArray())
		d.leaves = leaves + 1
		return list, err
	}
	d.leaves++
	return d.scalar(v)
}

func (d *Decoder) scalar(v *fastjson.Value) (Value, error) {
	switch v.Type() {
	case fastjson.TypeString:
		return StringOf(d.arena.string(v.GetStringBytes())), nil
	case fastjson.TypeNumber:
		f, err := parseNumber(d.numberText(v))
		return NumberOf(f), err
	case fastjson.TypeTrue:
		return BoolOf(true), nil
	case fastjson.TypeFalse:
		return BoolOf(false), nil
	}
	return Value{}, nil
}

func (d *Decoder) array(elements []*fastjson.Value) (Value, error) {
	list := d.arena.values.take(len(elements))
	for i, element := range elements {
		var err error
		if list[i], err = d.value(element); err != nil {
			return Value{}, under("["+strconv.Itoa(i)+"]", err)
		}
	}
	return ArrayOf(list), nil
}

func (d *Decoder) object(o *fastjson.Object) (Value, error) {
	base := len(d.fields)
	d.collect(o)
	fields := d.fields[base:]
	pairs := d.arena.values.take(2 * len(fields))
	for i, f := range fields {
		v, err := d.value(f.value)
		if err != nil {
			return Value{}, under(clip(f.key), err)
		}
		pairs[2*i], pairs[2*i+1] = StringOf(f.key), v
	}
	d.fields = d.fields[:base]
	return ObjectOf(pairs), nil
}

// collect pushes the fields of an object, each key once with its last value.
func (d *Decoder) collect(o *fastjson.Object) {
	base := len(d.fields)
	large := o.Len() > linearKeys
	if large && d.keys == nil {
		d.keys = make(map[string]int, o.Len())
	}
	o.Visit(func(key []byte, v *fastjson.Value) {
		if i := d.find(key, base, large); i >= 0 {
			d.fields[i].value = v
			return
		}
		f := field{d.arena.string(key), v}
		if large {
			d.keys[f.key] = len(d.fields)
		}
		d.fields = append(d.fields, f)
	})
	switch {
	case large && len(d.keys) > keptKeys:
		d.keys = nil
	case large:
		clear(d.keys)
	}
}

// find returns the index of a key that was pushed since base, or -1.
func (d *Decoder) find(key []byte, base int, large bool) int {
	if large {
		if i, ok := d.keys[string(key)]; ok {
			return i
		}
		return -1
	}
	for i := base; i < len(d.fields); i++ {
		if d.fields[i].key == string(key) {
			return i
		}
	}
	return -1
}
