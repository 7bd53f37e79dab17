package profile

import (
	"slices"
	"strings"
	"testing"
)

// The head of a blob tells what decoding all of it does.
func TestStandingIsWhatTheProfileSays(t *testing.T) {
	schema, p := typical()
	all := codecOf(schema)
	p.Members, p.Version, p.Generation = make(Members, 1), 7, 3
	p.Members.Set(0, true)
	p.Members.Set(2, true)
	blob := string(all.Append(nil, p, p.LastSeen))
	reading, _ := NewCodec(&Schema{}, nil, all.Names())
	s, err := reading.Standing("p", blob)
	if err != nil || s.Version != 7 || s.Generation != 3 || !slices.Equal(s.Segments, []string{"a", "c"}) {
		t.Errorf("got %+v, %v", s, err)
	}
	backwards, _ := NewCodec(&Schema{}, nil, slices.Concat(all.Names()[:len(all.Names())-3], []string{"s:c", "s:b", "s:a"}))
	if s, err := backwards.Standing("p", blob); err != nil || !slices.Equal(s.Segments, []string{"a", "c"}) {
		t.Errorf("numbered backwards: %+v, %v", s, err)
	}
	fewer, _ := NewCodec(&Schema{}, nil, nil)
	if _, err := fewer.Standing("p", blob); err == nil || !strings.Contains(err.Error(), "is not among") {
		t.Errorf("without the names: %v", err)
	}
	for _, broken := range []string{"", blob[:5], "\xff" + blob[1:]} {
		if _, err := reading.Standing("p", broken); err == nil {
			t.Errorf("%.8q is read", broken)
		}
	}
}
