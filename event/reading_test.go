package event

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// compareRead checks that a decoder that reads a few fields of bodies reads of them
// what one does that reads all, and refuses the same for the same reasons.
func compareRead(t *testing.T, record []byte) {
	t.Helper()
	names := []string{"a", "b", "email", "plan", "1"}
	for i := range 2 * linearKeys * (len(record) % 2) { // few or many
		names = append(names, fmt.Sprint("f", i))
	}
	for _, limit := range []int{3, Default().MaxTraits} {
		c := Default()
		c.MaxTraits = limit
		d, part := newDecoder(t, c), newDecoder(t, c)
		part.ReadBody(func(of Type, name string) *Reading {
			switch {
			case of == Group || strings.HasPrefix(name, "W"):
				return ReadAll()
			case strings.HasPrefix(name, "N"):
				return ReadFields(nil)
			}
			return ReadFields(names)
		})
		all, refused := d.Decode(nil, nil, record, recordTime, 0)
		some, too := part.Decode(nil, nil, record, recordTime, 0)
		if !reflect.DeepEqual(refused, too) || len(all) != len(some) {
			t.Fatalf("%s: reading all %+v, a part %+v", record, refused, too)
		}
		for i := range all {
			for _, name := range names {
				if want, got := all[i].Body.Get(name), some[i].Body.Get(name); !strings.HasPrefix(all[i].Name, "N") && !got.Equal(want) {
					t.Fatalf("%s: %s of event %d is %v, want %v", record, name, i, got, want)
				}
			}
			if all[i].Type == Group && !all[i].Body.Equal(some[i].Body) {
				t.Fatalf("%s: event %d has %v, want %v", record, i, some[i].Body, all[i].Body)
			}
			all[i].Body, some[i].Body = Value{}, Value{}
		}
		if !reflect.DeepEqual(all, some) {
			t.Fatalf("%s: %+v, want %+v", record, some, all)
		}
	}
}

// Whatever a body has that is not read, it is refused for the same reasons, and what is
// read is the same.
func TestReadingAPart(t *testing.T) {
	var large strings.Builder
	for i := range 3 * linearKeys {
		fmt.Fprintf(&large, `"f%d":%d,`, i, i)
	}
	for _, body := range []string{
		`{"a":1,"x":"y"}`, `{"x":1,"a":{"x":[1,{"b":2}]},"a":3}`, `{"a":1e999}`, `{"x":1e999,"a":2}`, `{"x":{"y":[01]}}`, `{"x":NaN}`,
		`{"x":1e999,"x":1}`, `{"x":1,"y":2,"z":3,"a":4}`, `{"x":1,"x":2,"x":3,"x":4}`, `{"x":[1,2,3,4,5],"a":[{"y":1,"z":2}],"b":{}}`,
		`{"\u0061":1,"name":"n","category":null}`, `[]`, `[1]`, `null`, `"text"`, `{` + large.String() + `"a":1,"f1":2}`, `{}`,
	} {
		for _, call := range []string{
			`{"type":"track","event":"E","userId":"u","properties":%s}`, `{"type":"track","event":"None","userId":"u","properties":%s}`,
			`{"type":"track","event":"Whole","userId":"u","properties":%s}`, `{"type":"page","name":"P","category":1e999,"userId":"u","properties":%s}`,
			`{"type":"screen","name":"S","category":"c","userId":"u","properties":%s}`, `{"type":"identify","userId":"u","traits":%s}`,
			`{"type":"identify","userId":"u","traits":%s,"context":{"traits":{"a":{"c":1},"plan":"pro","x":1}}}`,
			`{"type":"identify","userId":"u","traits":{"b":1,"y":2},"context":{"traits":%s}}`, `{"type":"group","groupId":"g","userId":"u","traits":%s}`,
		} {
			compareRead(t, []byte(fmt.Sprintf(call, body)))
			compareRead(t, []byte(" "+fmt.Sprintf(call, body))) // another length
		}
	}
}
