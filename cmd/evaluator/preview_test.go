package main

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"muster/profile"
	"muster/sink"
	"muster/snapshot"
)

// crowd is a deployment of one shard with some profiles that did nothing.
type crowd struct{ profiles int }

func (crowd) Layout(context.Context) (number, shards int, err error) { return 1, 1, nil }
func (crowd) Glance(context.Context, int) (g sink.Glance, err error) {
	return sink.Glance{Clock: 1}, nil
}

func (c crowd) EachProfile(_ context.Context, _ int, visit func(id, blob string) error) error {
	codec, _ := profile.NewCodec(&profile.Schema{}, nil, nil)
	for i := range c.profiles {
		p := profile.New(fmt.Sprint("u", i))
		p.FirstSeen, p.LastSeen = 1, 1
		if err := visit(p.ID, string(codec.Append(nil, p, 1))); err != nil {
			return err
		}
	}
	return nil
}

// previewed tells of a rule that a quarter of 3,000 profiles has.
func previewed(ctx context.Context, t *testing.T, memory int64, lacks ...snapshot.Lack) (out, warned string, err error) {
	t.Helper()
	s, err := snapshot.Fill(t.Context(), crowd{3000}, snapshot.Config{Memory: memory}, func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	q, err := snapshot.OfRule(`bucket("salt") < 25`, nil)
	if err != nil {
		t.Fatal(err)
	}
	var text, warnings bytes.Buffer
	err = (&previewOutput{console: console{nil, &text, &warnings}, lacks: lacks}).tell(ctx, s, q)
	return text.String(), warnings.String(), err
}

func TestPreviewTellsAsItGoes(t *testing.T) {
	out, warned, err := previewed(t.Context(), t, 1<<30, snapshot.Lack{Segment: "preview", Held: true})
	want := `^3000 profiles, all held
 256 of 3000: about [0-9]+ \([0-9]+ to [0-9]+\), [0-9.]+ % \([0-9.]+ to [0-9.]+\)
(?s:.*)3000 of 3000: [0-9]+ exactly, 2[0-9.]+ %
such as (u[0-9]+, ){4}u[0-9]+
$`
	if err != nil || !regexp.MustCompile(want).MatchString(out) || !strings.HasPrefix(warned, "warning: preview: since when a condition of held(...)") {
		t.Errorf("%v, %s\n%s", err, out, warned)
	}
}

func TestPreviewOfASampleSaysItsRate(t *testing.T) {
	out, _, err := previewed(t.Context(), t, 64<<10)
	want := `^3000 profiles, of which a random sample of [0-9]+ is held, 1 in [0-9]+\.[0-9]: more do not fit snapshot.memory
(?s:.*)([0-9]+) of ([0-9]+): about [0-9]+ \([0-9]+ to [0-9]+\), .* %.*
such as `
	if err != nil || !regexp.MustCompile(want).MatchString(out) || strings.Contains(out, "exactly") {
		t.Errorf("%v, %s", err, out)
	}
}

func TestPreviewCancelledTellsWhatItKnows(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out, _, err := previewed(ctx, t, 1<<30)
	if !strings.HasSuffix(out, "   0 of 3000: about 0 (0 to 3000), 0.0 % (0.0 to 100.0)\n") || err == nil ||
		err.Error() != "the question was cancelled after 0 of 3000 profiles: the last figures are an estimate" || report(&bytes.Buffer{}, err) != exitFailure {
		t.Errorf("%v, %s", err, out)
	}
}
