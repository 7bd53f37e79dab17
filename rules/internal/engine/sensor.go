package engine

import (
	"regexp"
	"strconv"

	"muster/event"
	"muster/rules/internal/language"
)

// bitSensor tells many predicates about one value at once: which texts it
// contains, starts or ends with or matches, and which elements it has. Their
// truths are bits of a profile's state, so that testing one costs nothing.
type bitSensor struct {
	id        int
	value     evaluator
	inputs    inputs
	first     int // its first bit in the state
	patterns  []pattern
	known     map[string]int // pattern or element -> index
	automaton *automaton
	elements  map[element][]int
}

// pattern is one predicate on a text.
type pattern struct {
	op      language.Op // OpContains, OpStartsWith, OpEndsWith or OpMatches; OpIn for an element
	text    string
	expr    *regexp.Regexp
	element event.Value
}

// element is an array's element as a map key.
type element struct {
	kind event.Kind
	num  float64
	text string
}

func elementOf(v event.Value) (element, bool) {
	switch v.Kind() {
	case event.KindNumber:
		return element{event.KindNumber, v.Number(), ""}, true
	case event.KindString:
		return element{event.KindString, 0, v.Text()}, true
	case event.KindBool:
		if v.True() {
			return element{event.KindBool, 1, ""}, true
		}
		return element{event.KindBool, 0, ""}, true
	}
	return element{}, false
}

// textual indexes a text operator with a constant on its right.
func (b *Builder) textual(t *language.Term) *literal {
	p := pattern{op: t.Op, text: t.Name}
	if t.Op != language.OpMatches {
		if t.Args[1].Op != language.OpConst || t.Args[0].Op == language.OpConst {
			return nil
		}
		p.text = t.Args[1].Value.Text()
	}
	return b.bit(t.Args[0], p, strconv.Itoa(int(t.Op))+p.text)
}

// element indexes constant in x.
func (b *Builder) element(v event.Value, in *language.Term) *literal {
	if _, ok := elementOf(v); !ok || isTimeText(v) {
		return nil
	}
	return b.bit(in, pattern{op: language.OpIn, element: v}, "in"+language.Constant(v).String())
}

func (b *Builder) bit(of *language.Term, wanted pattern, key string) *literal {
	b.key = of.AppendCanonical(b.key[:0])
	sensor := b.sensorOf[string(b.key)]
	if sensor == nil {
		sensor = &bitSensor{id: len(b.bits), known: map[string]int{}}
		b.sensorOf[string(b.key)] = sensor
		b.bits, b.sources.bits = append(b.bits, sensor), append(b.sources.bits, of)
	}
	i, known := sensor.known[key]
	if !known {
		if wanted.op == language.OpMatches {
			wanted.expr = regexp.MustCompile(wanted.text)
		}
		i = len(sensor.patterns)
		sensor.known[key] = i
		sensor.patterns = append(sensor.patterns, wanted)
	}
	return &literal{kind: literalBit, sensor: sensor, index: i}
}

// resolve builds what finds the patterns, once all are known. It returns
// the first bit of the next sensor.
func (s *bitSensor) resolve(first int) int {
	s.first = first
	s.known = nil
	s.automaton = newAutomaton(s.patterns)
	for i, p := range s.patterns {
		if e, ok := elementOf(p.element); ok {
			if s.elements == nil {
				s.elements = map[element][]int{}
			}
			s.elements[e] = append(s.elements[e], i)
		}
	}
	// Sensors start at a word of their own: reading one must not disturb another.
	return first + bitsetWords(len(s.patterns))*64
}

// read sets the bit of every predicate that is true of v in words, which
// are zero.
func (s *bitSensor) read(value event.Value, words bitset) {
	switch value.Kind() {
	case event.KindString:
		s.automaton.match(value.Text(), words)
	case event.KindArray:
		if s.elements == nil {
			return
		}
		for _, one := range value.Elements() {
			if e, ok := elementOf(one); ok {
				for _, i := range s.elements[e] {
					words.add(uint32(i))
				}
			}
		}
	}
}
