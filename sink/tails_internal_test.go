package sink

import (
	"context"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"muster/event"
	"muster/profile"
)

// between does something once, behind the next pipeline.
type between struct{ do func() }

func (b *between) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (b *between) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (b *between) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, commands []redis.Cmder) error {
		err := next(ctx, commands)
		if do := b.do; do != nil {
			b.do = nil
			do()
		}
		return err
	}
}

// A reader between whose commands a commit comes tells the profile as that has
// left it, and never a base with the tail of another commit.
func TestTornProfilesAreReadAgain(t *testing.T) {
	server := miniredis.RunT(t)
	cfg := Default()
	cfg.Addresses, cfg.Buckets = []string{server.Addr()}, 1
	s, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	gap := &between{}
	s.client.AddHook(gap)

	schema := profile.NewSchema(nil, nil)
	codec, _ := profile.NewCodec(schema, nil, nil)
	p, limits := profile.New("p"), profile.Default()
	commit := func(plan string) (base, tail string) {
		at := p.LastSeen + 1
		ev := event.Event{Type: event.Identify, Time: at, Arrival: at, Body: event.ObjectOf([]event.Value{event.StringOf("plan"), event.StringOf(plan)})}
		p.Apply(schema, &limits, &ev, at, &profile.Changed{})
		return string(codec.AppendBase(nil, p, at)), string(p.Tail())
	}
	base1, tail1 := commit("eco")
	base2, tail2 := commit("pro")
	store := func(base, tail string) {
		server.HSet(s.keys.bucket(0, 0), "p", base)
		server.HSet(s.keys.tails(0, 0), "p", tail)
	}

	for name, read := range map[string]func() (string, error){
		"each": func() (blob string, err error) {
			store(base1, tail1) // the tail is read in a trip of its own
			return blob, s.EachProfile(t.Context(), 0, func(_, one string) error { blob = one; return nil })
		},
		"some": func() (string, error) {
			store(base1, tail2)
			blobs, err := s.SomeProfiles(t.Context(), 0, []string{"p"})
			return blobs[0], err
		},
		"one": func() (string, error) {
			store(base1, tail2)
			blob, err := s.Profile(t.Context(), 0, "p")
			return string(blob), err
		},
		"several": func() (string, error) {
			store(base1, tail2)
			blobs, err := s.Profiles(t.Context(), 0, []string{"p", "nobody"})
			return blobs[0], err
		},
		"look": func() (string, error) {
			store(base1, tail2)
			l, err := s.Look(t.Context(), 0, "p", NoNames)
			return l.Blob, err
		},
	} {
		gap.do = func() { store(base2, tail2) }
		blob, err := read()
		if err != nil || blob != base2+tail2 || gap.do != nil {
			t.Errorf("%s: read %q, %v", name, blob, err)
		}
		if _, err := codec.Decode("p", blob); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}

	// What stays torn is told as it is, and refused by who decodes it.
	store(base1, tail2)
	blobs, err := s.SomeProfiles(t.Context(), 0, []string{"p"})
	if _, damaged := codec.Decode("p", blobs[0]); err != nil || damaged == nil {
		t.Errorf("read %q, %v, decoded with %v", blobs, err, damaged)
	}
	if l, err := s.Look(t.Context(), 0, "p", NoNames); err != nil || l.Blob != base1+tail2 {
		t.Errorf("looked up %q, %v", l.Blob, err)
	}
	other := string(codec.AppendBase(nil, profile.New("p"), 1))
	store(other, tail2) // of a profile that had no traits when its base was read
	if blobs, err := s.SomeProfiles(t.Context(), 0, []string{"p"}); err != nil || blobs[0] != other {
		t.Errorf("without traits it is %q, %v", blobs, err)
	}
	server.HDel(s.keys.bucket(0, 0), "p")
	if blobs, err := s.SomeProfiles(t.Context(), 0, []string{"p"}); err != nil || blobs[0] != "" {
		t.Errorf("a tail without a base is %q, %v", blobs, err)
	}
}
