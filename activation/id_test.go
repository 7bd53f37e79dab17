package activation

import (
	"regexp"
	"testing"
)

var anID = regexp.MustCompile(`^msg_[0-9a-v]{32}$`)

// TestMessageID: the same changes have the same id, and whatever else differs
// makes another one.
func TestMessageID(t *testing.T) {
	a, b := Change{Number: 1, Profile: "u1", Segment: "vip", Entered: true, At: 1000, Version: 7, Cause: "event"}, Change{Profile: "u2", Segment: "vip", Version: 1}
	id := MessageID("crm", []Change{a, b})
	if !anID.MatchString(id) {
		t.Errorf("id %q", id)
	}
	if id != "msg_okc53pfrtmbuqd56r0kvclerc4fggb37" {
		t.Errorf("%s: ids must never change, as receivers keep them", id)
	}
	again := a
	again.Number, again.Cause = 9, "time"
	if MessageID("crm", []Change{again, b}) != id {
		t.Error("the number of the shard or the cause is in the id")
	}
	seen := map[string]string{id: "itself"}
	other := func(what, destination string, changes ...Change) {
		other := MessageID(destination, changes)
		if same, ok := seen[other]; ok {
			t.Errorf("%s has the id of %s", what, same)
		}
		seen[other] = what
	}
	other("another destination", "crm2", a, b)
	other("the other order", "crm", b, a)
	other("the first", "crm", a)
	other("the second", "crm", b)
	other("none", "crm")
	other("one twice", "crm", a, a)
	for what, change := range map[string]func(*Change){
		"profile": func(c *Change) { c.Profile = "u11" }, "segment": func(c *Change) { c.Segment = "vi" }, "way": func(c *Change) { c.Entered = false },
		"time": func(c *Change) { c.At = 1001 }, "version": func(c *Change) { c.Version = 8 },
		"border between texts": func(c *Change) { c.Profile, c.Segment = "u1v", "ip" },
	} {
		changed := a
		change(&changed)
		other("another "+what, "crm", changed, b)
	}
	other("a border between destination and profile", "cr", Change{Profile: "mu1", Segment: "vip", Entered: true, At: 1000, Version: 7}, b)
}

func TestUUID(t *testing.T) {
	id := uuidOf([]Change{{Profile: "u1", Segment: "vip"}})
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
		t.Errorf("%q is no UUID of version 8", id)
	}
}
