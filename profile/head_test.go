package profile

import (
	"slices"
	"testing"
)

// TestHead: the beginning of a blob tells of memberships and traits what the
// whole does, whether it was cut or not.
func TestHead(t *testing.T) {
	schema := everySeries(1000)
	p := goldenProfile(t, schema)
	blob := blobOf(p, schema)
	names := codecOf(schema).Names()
	for _, traits := range []bool{false, true} {
		head, err := Head(blob, traits)
		if err != nil || len(head) >= len(blob) {
			t.Fatalf("the head has %d of %d bytes, %v", len(head), len(blob), err)
		}
		for _, text := range []string{head, blob} {
			var members []string
			err := EachMember(text, func(number uint64) { members = append(members, names[number]) })
			if want := []string{NameOfSegment("a"), NameOfSegment("c")}; err != nil || !slices.Equal(members, want) {
				t.Errorf("it is in %v, %v; want %v", members, err, want)
			}
		}
		found, err := TraitsOf(head)
		if traits && (err != nil || found.Get(PathOf("plan")).Text() != "pro") {
			t.Errorf("the plan is %v, %v", found.Get(PathOf("plan")), err)
		}
		if !traits && err == nil {
			t.Error("traits are read that were cut off")
		}
	}
}

// TestHeadRefuses what is cut short, at every byte.
func TestHeadRefuses(t *testing.T) {
	schema := everySeries(1000)
	blob := blobOf(goldenProfile(t, schema), schema)
	whole, err := Head(blob, true)
	if err != nil {
		t.Fatal(err)
	}
	members, err := Head(blob, false)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, err := Head(blob[:n], true); err == nil {
			t.Errorf("the first %d bytes are a head with traits", n)
		}
		if err := EachMember(blob[:n], func(uint64) {}); (err == nil) != (n >= len(members)) {
			t.Errorf("the memberships of the first %d bytes: %v", n, err)
		}
	}
}
