package storetest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"muster/pipeline"
)

func newShard(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	got := w.state
	if got.Epoch <= 0 {
		t.Errorf("epoch %d, want a positive one", got.Epoch)
	}
	got.Epoch = 0
	if len(got.Names) != 0 || len(got.Timers) != 0 {
		t.Errorf("names %q and timers %v on a new shard", got.Names, got.Timers)
	}
	got.Names, got.Timers = nil, nil
	if want := (pipeline.State{Next: -1}); !reflect.DeepEqual(got, want) {
		t.Errorf("state %+v, want %+v", got, want)
	}
	if blobs := w.load(t, "nobody"); blobs[0] != "" {
		t.Errorf("a profile of %d bytes on a new shard", len(blobs[0]))
	}
}

func reopen(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	c := w.next(7)
	c.Rules, c.Generation = "fingerprint", 42
	c.NewNames = []string{"vip", "count(a)"}
	c.Profiles = []pipeline.Write{{Profile: "ann", Blob: []byte("blob of ann"), Deadline: 99, Timer: true}}
	c.Changes = []pipeline.Change{enter("vip", "ann", 1)}
	w.commit(t, c)

	again := open(t, b.Open(t), shard)
	got := again.state
	if got.Epoch <= w.state.Epoch {
		t.Errorf("epoch %d after %d", got.Epoch, w.state.Epoch)
	}
	want := pipeline.State{
		Epoch: got.Epoch, Next: 7, Clock: 1000, Outbox: 1, Rules: "fingerprint", Generation: 42,
		Names:  []string{"vip", "count(a)"},
		Timers: []pipeline.Timer{{Profile: "ann", At: 99}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("state %+v, want %+v", got, want)
	}
	if blobs := again.load(t, "ann"); blobs[0] != "blob of ann" {
		t.Errorf("blob %q", blobs[0])
	}
}

func loadOrder(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	c := w.next(1)
	var profiles []string
	for i := range 500 {
		profile := fmt.Sprintf("p%d", i)
		profiles = append(profiles, profile, "absent-"+profile)
		c.Profiles = append(c.Profiles, write(profile, "blob of "+profile))
	}
	w.commit(t, c)
	slices.Reverse(profiles)
	for i, blob := range w.load(t, profiles...) {
		want := "blob of " + profiles[i]
		if strings.HasPrefix(profiles[i], "absent-") {
			want = ""
		}
		if blob != want {
			t.Fatalf("profile %q has %q", profiles[i], blob)
		}
	}
	if got := w.load(t); len(got) != 0 {
		t.Errorf("%d blobs for no profile", len(got))
	}
}

func loadUnopened(t *testing.T, b Backend) {
	if _, err := b.Open(t).Load(context.Background(), shard, []string{"ann"}); err == nil {
		t.Error("a shard that was never opened can be loaded")
	}
}

// anyBytes takes ids that break keys, protocols or terminals when they are
// not treated as plain bytes.
func anyBytes(t *testing.T, b Backend) {
	ids := []string{
		"{s1}", "}{", "a:b:c", "line\r\nline", "nul\x00byte", "\xff\xfe not utf-8", " ", "*", "-1", "(1",
		"\U0001F600", "SET k v", strings.Repeat("x", 1024),
	}
	slices.Sort(ids)
	w := open(t, b.Open(t), shard)
	c := w.next(1)
	for i, id := range ids {
		blob := "\x00blob of " + id
		c.Profiles = append(c.Profiles, pipeline.Write{Profile: id, Blob: []byte(blob), Deadline: int64(i + 1), Timer: true})
		c.Changes = append(c.Changes, enter("vip", id, 1))
		c.Reach = append(c.Reach, pipeline.Reach{Segment: "vip", Profile: id, Day: today()})
	}
	w.commit(t, c)

	again := open(t, b.Open(t), shard)
	for i, blob := range again.load(t, ids...) {
		if want := "\x00blob of " + ids[i]; blob != want {
			t.Errorf("profile %q has %q", ids[i], blob)
		}
		if got := again.state.Timers[i]; got != (pipeline.Timer{Profile: ids[i], At: int64(i + 1)}) {
			t.Errorf("timer %d is %+v", i, got)
		}
	}
	view := b.View(t, shard)
	if !reflect.DeepEqual(view.Members["vip"], ids) {
		t.Errorf("members %q, want %q", view.Members["vip"], ids)
	}
	if !reflect.DeepEqual(view.Outbox, c.Changes) {
		t.Errorf("outbox %+v, want %+v", view.Outbox, c.Changes)
	}
}

func namesGrow(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	for _, names := range [][]string{{"a", "b"}, nil, {"c"}, {"\xff", "a name: with {braces}"}} {
		c := w.next(1)
		c.NewNames = names
		w.commit(t, c)
	}
	want := []string{"a", "b", "c", "\xff", "a name: with {braces}"}
	if got := open(t, b.Open(t), shard).state.Names; !reflect.DeepEqual(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
}

// gaps lets offsets be passed over, forwards and, in a log that was made
// anew, backwards.
func gaps(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	w.commit(t, w.next(7))
	for _, gap := range []pipeline.Gap{{From: 7, To: 20}, {From: 20, To: 3}} {
		c := w.next(0)
		c.Next, c.Gap = gap.To, &gap
		w.commit(t, c)
	}
	got := open(t, b.Open(t), shard).state
	if want := []pipeline.Gap{{From: 7, To: 20}, {From: 20, To: 3}}; got.Next != 3 || !reflect.DeepEqual(got.Gaps, want) {
		t.Errorf("next %d and gaps %v, want 3 and %v", got.Next, got.Gaps, want)
	}
}

// anchors keeps the one of the last commit.
func anchors(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	for _, a := range []pipeline.Anchor{
		{Topic: "-_8BAgMEBQYHCAkKCwwNDg", Offset: 1 << 40, Sum: 1<<64 - 1}, {Offset: 3, Sum: 0xabc}, {Topic: "x"}, {},
	} {
		c := w.next(1)
		c.Anchor = a
		w.commit(t, c)
		if got := open(t, b.Open(t), shard).state; got.Anchor != a {
			t.Errorf("the anchor is %+v, want %+v", got.Anchor, a)
		}
		w = open(t, b.Open(t), shard)
	}
}

func timers(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	c := w.next(1)
	c.Profiles = []pipeline.Write{
		{Profile: "kept", Blob: []byte("1"), Deadline: 1<<41 + 1, Timer: true},
		{Profile: "moved", Blob: []byte("1"), Deadline: 200, Timer: true},
		{Profile: "removed", Blob: []byte("1"), Deadline: 300, Timer: true},
	}
	w.commit(t, c)
	c = w.next(1)
	c.Profiles = []pipeline.Write{
		{Profile: "kept", Blob: []byte("2"), Deadline: 5}, // Timer is false: not to be written
		{Profile: "moved", Blob: []byte("2"), Deadline: 100, Timer: true},
		{Profile: "removed", Blob: []byte("2"), Timer: true},
		{Profile: "never", Blob: []byte("2"), Timer: true},
	}
	w.commit(t, c)
	got := open(t, b.Open(t), shard).state.Timers
	slices.SortFunc(got, func(a, b pipeline.Timer) int { return strings.Compare(a.Profile, b.Profile) })
	want := []pipeline.Timer{{Profile: "kept", At: 1<<41 + 1}, {Profile: "moved", At: 100}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("timers %+v, want %+v", got, want)
	}
}

func timeOnly(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	w.commit(t, w.next(5))
	for range 3 {
		c := w.next(0)
		c.Profiles = []pipeline.Write{write("ann", fmt.Sprint(c.Clock))}
		c.Changes = []pipeline.Change{leave("vip", "ann", uint64(c.Clock)), leave("big", "ann", uint64(c.Clock)+1)}
		w.commit(t, c)
	}
	again := open(t, b.Open(t), shard)
	if got := again.state; got.Next != 5 || got.Clock != 4000 || got.Outbox != 6 {
		t.Errorf("next %d, clock %d, outbox %d; want 5, 4000, 6", got.Next, got.Clock, got.Outbox)
	}
	if got := len(b.View(t, shard).Outbox); got != 6 {
		t.Errorf("%d outbox entries, want 6", got)
	}
}

// big is larger than any page or chunk of a store should be.
func big(t *testing.T, b Backend) {
	const profiles = 12_000
	w := open(t, b.Open(t), shard)
	c := w.next(profiles)
	for i := range profiles {
		profile := fmt.Sprintf("p%05d", i)
		c.Profiles = append(c.Profiles, pipeline.Write{
			Profile: profile, Blob: []byte(profile), Deadline: int64(i + 1), Timer: true,
		})
		c.Changes = append(c.Changes, enter("all", profile, 1))
	}
	w.commit(t, c)
	again := open(t, b.Open(t), shard)
	if got := len(again.state.Timers); got != profiles {
		t.Errorf("%d timers, want %d", got, profiles)
	}
	for i, blob := range again.load(t, profileIDs(c)...) {
		if blob != c.Profiles[i].Profile {
			t.Fatalf("profile %d has %q", i, blob)
		}
	}
	view := b.View(t, shard)
	if view.Sizes["all"] != profiles || len(view.Members["all"]) != profiles || len(view.Outbox) != profiles {
		t.Errorf("size %d, %d members, %d outbox entries; want %d of each",
			view.Sizes["all"], len(view.Members["all"]), len(view.Outbox), profiles)
	}
}

func profileIDs(c *pipeline.Commit) []string {
	var ids []string
	for _, w := range c.Profiles {
		ids = append(ids, w.Profile)
	}
	return ids
}
