package activation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/template"
)

// templated is the name of the format whose body a destination writes itself.
const templated = "template"

// maxTemplate bounds the text of a template, and maxTemplated what it may make
// of a message, in bytes.
const (
	maxTemplate  = 16 << 10
	maxTemplated = 4 << 20
)

// text prints as what stands between the quotes of a JSON string, so that a
// template that writes "{{.Profile}}" is JSON for every profile.
type text string

// String escapes the text.
func (t text) String() string {
	quoted := appendText(nil, string(t))
	return string(quoted[1 : len(quoted)-1])
}

// MarshalJSON implements json.Marshaler, for the function json.
func (t text) MarshalJSON() ([]byte, error) { return appendText(nil, string(t)), nil }

// TemplateChange is a change as a template sees it. Its texts print escaped;
// the function json puts the quotes around them too.
type TemplateChange struct {
	ID      text // of the change, equal at each attempt
	Profile text
	Segment text
	Entered bool
	At      int64 // ms since 1970 UTC
	Time    text  // At as RFC 3339 has it
	Version uint64
	Cause   text
	// Run is the snapshot run that names it, "" for a change.
	Run text `json:",omitempty"`
	// Traits are those that the destination asks for, by name, none where there
	// are none.
	Traits map[string]any `json:",omitempty"`
}

// functions are what a template can call beside those of text/template.
var functions = template.FuncMap{"json": func(value any) (string, error) {
	if plain, ok := value.(string); ok {
		value = text(plain)
	}
	b, err := json.Marshal(value)
	return string(b), err
}}

// TemplateFormat returns a format whose body is what a template of package
// text/template makes: of a TemplateChange without batch, and of a list of
// them with it. The body must be JSON. An error is returned for a template
// that can't be parsed, or makes no JSON of a change that enters and one that
// exits, in the form for a batch or in that for one change.
func TemplateFormat(body string, batch bool) (Format, error) {
	if len(body) > maxTemplate {
		return Format{}, fmt.Errorf("the template has %d bytes; it may have %d", len(body), maxTemplate)
	}
	parsed, err := template.New("body").Funcs(functions).Parse(body)
	if err != nil {
		return Format{}, shorter(err)
	}
	f := Format{Name: templated, Batches: true, Traits: true, encode: func(to []byte, changes []Change, batch bool) ([]byte, error) {
		return execute(parsed, to, changes, batch)
	}}
	for _, changes := range [][]Change{sample[:1], sample[1:], sample} {
		if len(changes) > 1 && !batch {
			break
		}
		if _, _, err := f.Encode(changes, batch); err != nil {
			return Format{}, err
		}
	}
	return f, nil
}

// sample is what a template is tried on. A text has what must be escaped.
var sample = []Change{
	{Number: 1, Profile: `user "1" \`, Segment: "vip", Entered: true, At: 1767225600000, Version: 1, Cause: "event"},
	{Number: 2, Profile: "user-2", Segment: "lapsed", At: 1767225600001, Version: 2, Cause: "time"},
}

func execute(parsed *template.Template, to []byte, changes []Change, batch bool) ([]byte, error) {
	seen := make([]TemplateChange, len(changes))
	for i := range changes {
		c := &changes[i]
		seen[i] = TemplateChange{
			text(changeID(templated, c)), text(c.Profile), text(c.Segment), c.Entered, c.At, timeText(c.At), c.Version, text(c.Cause), text(c.Run),
			traitsOf(c.Traits),
		}
	}
	out := &bounded{*bytes.NewBuffer(to)}
	var data any = seen
	if !batch {
		data = seen[0]
	}
	if err := parsed.Execute(out, data); err != nil {
		return nil, shorter(err)
	}
	body := bytes.TrimSpace(out.Bytes())
	if !json.Valid(body) {
		return nil, notJSON(body)
	}
	return body, nil
}

// traitsOf reads a JSON object of traits, with texts that print escaped and
// numbers that print as they are written.
func traitsOf(object string) map[string]any {
	decoder := json.NewDecoder(strings.NewReader(object))
	decoder.UseNumber()
	traits := map[string]any{}
	if decoder.Decode(&traits) != nil || traits == nil {
		return map[string]any{}
	}
	for key, value := range traits {
		traits[key] = escaped(value)
	}
	return traits
}

func escaped(value any) any {
	switch value := value.(type) {
	case string:
		return text(value)
	case []any:
		for i := range value {
			value[i] = escaped(value[i])
		}
	case map[string]any:
		for key := range value {
			value[key] = escaped(value[key])
		}
	}
	return value
}

func timeText(ms int64) text { return text(strings.Trim(string(appendTime(nil, ms)), `"`)) }

// notJSON says where a body is no JSON, and shows what stands there.
func notJSON(body []byte) error {
	var value any
	err := json.Unmarshal(body, &value)
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return fmt.Errorf("the template makes no JSON: %w", err)
	}
	end := min(int(syntax.Offset), len(body))
	return fmt.Errorf("the template makes no JSON: %w behind %q", err, body[max(0, end-24):end])
}

// shorter leaves out what text/template begins each of its errors with.
func shorter(err error) error {
	return fmt.Errorf("the template fails: %s", strings.TrimPrefix(err.Error(), "template: "))
}

// bounded is a buffer that takes maxTemplated bytes.
type bounded struct{ bytes.Buffer }

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxTemplated {
		return 0, fmt.Errorf("it makes more than %d bytes", maxTemplated)
	}
	return b.Buffer.Write(p)
}
