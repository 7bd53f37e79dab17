package event

// Kind says what a Value holds.
type Kind uint8

// The kinds of value. Time and Version never come out of JSON: they are
// made by the rule language (now(), .event_time, version(...)).
const (
	KindMissing Kind = iota // absent, or JSON null
	KindBool
	KindNumber
	KindString
	KindArray
	KindObject
	KindTime
	KindVersion
)

var kindNames = [...]string{"missing", "bool", "number", "string", "array", "object", "time", "version"}

// String returns the kind's name as error messages spell it.
func (k Kind) String() string { return kindNames[k] }

// Value is one JSON value or one value of the rule language. The zero Value
// is missing. A Value is immutable once made.
type Value struct {
	kind Kind
	num  float64 // number; 0 or 1 for a bool; milliseconds for a time
	str  string  // string; canonical text for a version
	list []Value // elements of an array; key, value, key, value... of an object
}

// BoolOf returns a bool value.
func BoolOf(b bool) Value {
	if b {
		return Value{kind: KindBool, num: 1}
	}
	return Value{kind: KindBool}
}

// NumberOf returns a number.
func NumberOf(f float64) Value { return Value{kind: KindNumber, num: f} }

// StringOf returns a string.
func StringOf(s string) Value { return Value{kind: KindString, str: s} }

// TimeOf returns an instant, in milliseconds since 1970 UTC.
func TimeOf(ms int64) Value { return Value{kind: KindTime, num: float64(ms)} }

// VersionOf returns a version; canonical is its text, with a leading v, by
// which equal versions are known.
func VersionOf(canonical string) Value { return Value{kind: KindVersion, str: canonical} }

// ArrayOf returns an array that takes over the slice.
func ArrayOf(elements []Value) Value { return Value{kind: KindArray, list: elements} }

// ObjectOf returns an object that takes over the slice of key, value pairs.
// Keys are string values and must not repeat.
func ObjectOf(pairs []Value) Value { return Value{kind: KindObject, list: pairs} }

// Kind returns what v holds.
func (v Value) Kind() Kind { return v.kind }

// IsMissing reports whether v is absent or null.
func (v Value) IsMissing() bool { return v.kind == KindMissing }

// True reports whether v is the bool true. Everything else, missing
// included, is not: this is how a value stands where a condition is wanted.
func (v Value) True() bool { return v.kind == KindBool && v.num != 0 }

// Number returns the number, or 0 when v is not one.
func (v Value) Number() float64 { return v.num }

// Text returns the string or the canonical version, or "".
func (v Value) Text() string { return v.str }

// Millis returns the milliseconds since 1970 UTC of a time value.
func (v Value) Millis() int64 { return int64(v.num) }

// Elements returns the elements of an array, nil for other kinds. The
// caller must not change them.
func (v Value) Elements() []Value {
	if v.kind == KindArray {
		return v.list
	}
	return nil
}

// Len returns the number of elements of an array or of fields of an object.
func (v Value) Len() int {
	if v.kind == KindObject {
		return len(v.list) / 2
	}
	return len(v.list)
}

// Field returns the i-th key and value of an object.
func (v Value) Field(i int) (string, Value) { return v.list[2*i].str, v.list[2*i+1] }

// Get returns the field of an object by its key. A missing field, and any
// field of something that is not an object, is missing.
func (v Value) Get(key string) Value {
	if v.kind != KindObject {
		return Value{}
	}
	for i := 0; i < len(v.list); i += 2 {
		if v.list[i].str == key {
			return v.list[i+1]
		}
	}
	return Value{}
}

// Equal reports whether two values are the same: same kind and content,
// arrays element by element, objects field by field in any order. A missing
// value equals only another missing one; the rule language's own `==` adds
// its missing-value law on top of this.
func (v Value) Equal(w Value) bool {
	if v.kind != w.kind {
		return false
	}
	switch v.kind {
	case KindMissing:
		return true
	case KindBool, KindNumber, KindTime:
		return v.num == w.num
	case KindString, KindVersion:
		return v.str == w.str
	case KindArray:
		if len(v.list) != len(w.list) {
			return false
		}
		for i := range v.list {
			if !v.list[i].Equal(w.list[i]) {
				return false
			}
		}
		return true
	}
	return v.equalObject(w)
}

func (v Value) equalObject(w Value) bool {
	if len(v.list) != len(w.list) {
		return false
	}
	for i := 0; i < len(v.list); i += 2 {
		found := false
		for j := 0; j < len(w.list) && !found; j += 2 {
			found = v.list[i].str == w.list[j].str && v.list[i+1].Equal(w.list[j+1])
		}
		if !found {
			return false
		}
	}
	return true
}
