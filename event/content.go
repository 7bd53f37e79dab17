package event

import "github.com/valyala/fastjson"

// wholeContent converts the properties or traits of d.call, wherever in the call the
// specification allows them to stand.
func (d *Decoder) wholeContent(of Type) (Value, error) {
	c := &d.call
	switch of {
	case Track:
		return d.body("properties", c.properties)
	case Page, Screen:
		return d.pageProperties(c)
	case Group:
		return d.body("traits", c.traits)
	case Identify:
		return d.identifyTraits(c)
	}
	return Value{}, nil
}

// pageProperties are the properties of a page or screen call, and its name
// and category where they don't say otherwise.
func (d *Decoder) pageProperties(c *call) (Value, error) {
	body, err := d.body("properties", c.properties)
	if err == nil {
		body, err = d.addField(body, "name", c.name)
	}
	if err == nil {
		body, err = d.addField(body, "category", c.category)
	}
	if err != nil {
		return Value{}, err
	}
	return body, d.bounded("properties")
}

// addField gives a body a field that it does not have, or has as null.
func (d *Decoder) addField(body Value, key string, v *fastjson.Value) (Value, error) {
	if v == nil || !body.Get(key).IsMissing() {
		return body, nil
	}
	value, err := d.value(v)
	if err != nil {
		return Value{}, under(key, err)
	}
	if i := place(body, key); i >= 0 {
		body.list[i+1] = value // of the arena, and not handed out yet
		return body, nil
	}
	pairs := d.arena.values.take(len(body.list) + 2)
	copy(pairs, body.list)
	pairs[len(pairs)-2], pairs[len(pairs)-1] = StringOf(key), value
	return ObjectOf(pairs), nil
}

// identifyTraits are the traits of an identify call: those of its context,
// and over them its own.
func (d *Decoder) identifyTraits(c *call) (Value, error) {
	own, err := d.body("traits", c.traits)
	if err != nil {
		return Value{}, err
	}
	others := c.contextTraits()
	if others == nil {
		return own, nil
	}
	leaves := d.leaves
	more, err := d.body("context.traits", others)
	if err != nil {
		return Value{}, err
	}
	merged := d.merge(own, more)
	if d.leaves += leaves; d.leaves > d.config.MaxTraits {
		d.doubt = true
		d.leaves = leavesOf(merged) // many clients say the same in both
	}
	return merged, d.bounded("traits")
}

// contextTraits returns the traits in a call's context, else in that of its
// batch, nil for none. What is there in a wrong form is passed over.
func (c *call) contextTraits() *fastjson.Value {
	if c.context == nil && c.shared == nil {
		return nil
	}
	traits := lastOf(objectIn(c.context), "traits")
	if traits == nil {
		traits = lastOf(objectIn(c.shared), "traits")
	}
	if objectIn(traits) == nil {
		return nil
	}
	return traits
}

// linearPairs is up to how many pairs of keys two objects are compared key
// by key.
const linearPairs = 1 << 10

// merge returns an object with the fields of both. Of a field that both have,
// over's value counts, and where both are objects these are merged.
func (d *Decoder) merge(over, below Value) Value {
	if below.Len() == 0 {
		return over
	}
	if over.Len() == 0 {
		return below
	}
	var places map[string]int
	if over.Len()*below.Len() > linearPairs {
		places = make(map[string]int, over.Len())
		for i := 0; i < len(over.list); i += 2 {
			places[over.list[i].str] = i
		}
	}
	pairs := append(d.arena.values.take(len(over.list) + len(below.list))[:0], over.list...)
	for i := 0; i < len(below.list); i += 2 {
		key, value := below.list[i], below.list[i+1]
		at, there := places[key.str]
		if places == nil {
			at = place(over, key.str)
			there = at >= 0
		}
		switch {
		case !there:
			pairs = append(pairs, key, value)
		case value.kind == KindObject && pairs[at+1].kind == KindObject:
			pairs[at+1] = d.merge(pairs[at+1], value)
		}
	}
	return ObjectOf(pairs)
}

// place returns where in an object's list a key stands, or -1.
func place(object Value, key string) int {
	for i := 0; i < len(object.list); i += 2 {
		if object.list[i].str == key {
			return i
		}
	}
	return -1
}

// leavesOf counts as Config.MaxTraits does.
func leavesOf(v Value) int {
	if v.kind != KindObject {
		return 1
	}
	n := 0
	for i := 1; i < len(v.list); i += 2 {
		n += leavesOf(v.list[i])
	}
	return n
}
