package activation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// fickle is Profiles whose trait n counts how often it was read.
type fickle struct {
	mu   sync.Mutex
	read int
}

func (f *fickle) Traits(_ context.Context, profiles []string, paths [][]string) (map[string][]any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string][]any{}
	for _, id := range profiles {
		f.read++
		out[id] = []any{f.read}
		if len(paths) != 1 {
			return nil, fmt.Errorf("asked for %v", paths)
		}
	}
	return out, nil
}

// A message has the traits of when it was composed, at each attempt and behind
// each crash, however they change meanwhile.
func TestTraitsStayAsTheyWereSent(t *testing.T) {
	r := newRig(t, 5)
	r.named = &fickle{}
	r.start(5)
	var sent []string
	answer := Answer{Verdict: Deferred}
	r.receiver.answer = func(m Message) (bool, Answer) {
		sent = append(sent, strings.TrimSpace(string(m.Body)))
		return false, answer
	}
	saves := 0
	r.memory.breaks = func() error {
		if saves++; saves == 2 { // behind the first attempt
			return errBreak
		}
		return nil
	}
	r.memory.add("p", "a", true, 1)
	r.memory.add("p", "b", true, 2)
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	if more, err := r.round(t.Context()); err != nil || !more || len(sent) != 0 {
		t.Fatalf("more %t, %v; sent %q before it was stored", more, err, sent)
	}
	if _, err := r.round(t.Context()); err == nil || len(sent) != 1 {
		t.Fatalf("sent %q, and the store did not break", sent)
	}
	r.start(5)
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.round(t.Context()); err != nil {
		t.Fatal(err)
	}
	answer = Answer{Verdict: Delivered}
	r.receiver.answer = func(m Message) (bool, Answer) {
		sent = append(sent, strings.TrimSpace(string(m.Body)))
		return true, answer
	}
	r.settle(t, 5)
	want := `p a 1 true {"n":1}` + "\n" + `p b 2 true {"n":1}`
	if len(sent) != 3 || slices.ContainsFunc(sent, func(s string) bool { return s != want }) {
		t.Errorf("sent %q, want three times %q", sent, want)
	}
}

// A round without the profiles fails as a whole and is made again.
func TestTraitsThatCannotBeRead(t *testing.T) {
	r := newRig(t, 1)
	r.named = &fickle{}
	r.start(1)
	r.traits = [][]string{{"a"}, {"b"}} // which fickle refuses
	r.memory.add("p", "a", true, 1)
	if err := r.claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.round(t.Context()); err == nil || !strings.Contains(err.Error(), "reading traits") || r.memory.standing.Number != 0 {
		t.Errorf("got %v, standing %+v", err, r.memory.standing)
	}
}

func TestTraitPath(t *testing.T) {
	for entry, want := range map[string][]string{
		"email": {"email"}, "address.city": {"address", "city"}, `["first name"]`: {"first name"}, `a["b.c"].d_1`: {"a", "b.c", "d_1"},
		`["\u00e9\""]`: {`é"`}, "größe.$x": {"größe", "$x"}, `["traits"].x`: {"traits", "x"}, "traits": {"traits"},
	} {
		if got, message, _ := traitPath(entry); message != "" || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %s", entry, got, message)
		}
	}
	for _, entry := range []string{
		"", ".", ".a", "a.", "a..b", "a b", "1a", "a.1", "a-b", "[", "[]", "[0]", `["a"`, `["a]`, `['a']`, "[`a`]", `["a"]b`, "a[\"b\"]]", "traits.a", `traits["a"]`,
	} {
		if got, message, hint := traitPath(entry); message == "" || hint == "" {
			t.Errorf("%s: got %q", entry, got)
		}
	}
}

func TestTraitsText(t *testing.T) {
	paths := [][]string{{"email"}, {"address", "city"}, {"address", "zip"}, {"tags"}, {"gone"}, {"long"}}
	values := []any{"a\"é", "Bonn", 53111.0, []any{"x", nil, map[string]any{"y": true}}, nil, strings.Repeat("x", maxTraitBytes-1)}
	want := `{"address":{"city":"Bonn","zip":53111},"email":"a\"é","tags":["x",null,{"y":true}]}`
	if got := traitsText(paths, values); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := traitsText(paths, nil); got != "{}" {
		t.Errorf("of a profile that is not known: %s", got)
	}
	if got := traitsText([][]string{{"long"}}, []any{strings.Repeat("x", maxTraitBytes-2)}); len(got) != maxTraitBytes+len(`{"long":}`) {
		t.Errorf("a value of just the bound gives %s", got)
	}
}

// Each format that carries traits has them where its readers look.
func TestFormatsCarryTraits(t *testing.T) {
	change := Change{Profile: "u1", Segment: "vip", Entered: true, At: 1767225600000, Version: 7, Cause: "event"}
	change.Traits = `{"email":"a\"b","n":12345678901234567,"vip":"yes"}`
	for format, want := range map[string]string{
		"muster":           `"cause":"event","traits":{"email":"a\"b","n":12345678901234567,"vip":"yes"}}`,
		"segment-track":    `"cause":"event"},"context":{"traits":{"email":"a\"b","n":12345678901234567,"vip":"yes"}},"timestamp"`,
		"segment-identify": `"traits":{"vip":true,"email":"a\"b","n":12345678901234567},"timestamp"`,
	} {
		f, _ := FormatNamed(format)
		body, _, err := f.Encode([]Change{change}, false)
		if err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s, %v", format, body, err)
		}
		compact(t, string(body))
	}
	d := Destination{
		Format: templated, Batch: 1,
		Template: `{"mail": "{{.Traits.email}}", "n": {{json .Traits.n}}, "all": {{json .Traits}}, "none": {{json .Traits.none}}}`,
	}
	want := `{"mail": "a\"b", "n": 12345678901234567, "all": {"email":"a\"b","n":12345678901234567,"vip":"yes"}, "none": null}`
	if got, err := d.Message([]Change{change}); err != nil || string(got.Body) != want {
		t.Errorf("template: %s, %v", got.Body, err)
	}
	change.Traits = "{}"
	f, _ := FormatNamed("segment-identify")
	if body, _, err := f.Encode([]Change{change}, false); err != nil || !strings.Contains(string(body), `"traits":{"vip":true},`) {
		t.Errorf("no traits: %s, %v", body, err)
	}
}
