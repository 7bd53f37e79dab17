package credentials_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"muster/credentials"
)

const hidden = "hunter2"

// holder has secrets in every place that printing goes about differently.
type holder struct {
	Name    string             `yaml:"name"`
	Secret  credentials.Secret `yaml:"secret"`
	inner   credentials.Secret
	Pointer *credentials.Secret `yaml:"pointer"`
}

func newHolder() holder {
	s := credentials.NewSecret(hidden)
	return holder{"redis", s, s, &s}
}

func TestNothingPrintsASecret(t *testing.T) {
	h := newHolder()
	var printed []string
	for _, value := range []any{h, &h, h.Secret, &h.Secret, []any{h}, map[string]holder{"a": h}, fmt.Errorf("failed: %v", h)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%08.3f", "%T %p"} {
			printed = append(printed, fmt.Sprintf(verb, value))
		}
	}
	asJSON, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	core, lines := observer.New(zapcore.DebugLevel)
	zap.New(core).Sugar().Infow("x", "h", h, "s", h.Secret, "p", &h)
	for _, line := range lines.All() {
		text, err := zapcore.NewJSONEncoder(zapcore.EncoderConfig{}).EncodeEntry(line.Entry, line.Context)
		if err != nil {
			t.Fatal(err)
		}
		printed = append(printed, text.String())
	}
	printed = append(printed, string(asJSON), string(asYAML))
	for _, text := range printed {
		if strings.Contains(text, hidden) || strings.Contains(text, "68756e746572") || strings.Contains(text, "68756E746572") {
			t.Errorf("printed: %s", text)
		}
	}
	if !strings.Contains(string(asYAML), "***") || !strings.Contains(string(asJSON), `"***"`) || fmt.Sprint(h.Secret) != "***" {
		t.Errorf("it is not masked: %s, %s, %v", asYAML, asJSON, h.Secret)
	}
}

func TestAnEmptySecretShowsThatItIsEmpty(t *testing.T) {
	var s credentials.Secret
	if !s.Empty() || s.Reveal() != "" || fmt.Sprintf("<%v%#v>", s, s) != `<"">` {
		t.Errorf("%v is shown", s)
	}
	if credentials.NewSecret("") != s {
		t.Error("there are two empty secrets")
	}
}

func TestASecretIsReadFromYAML(t *testing.T) {
	for text, want := range map[string]string{"'a b'": "a b", "x": "x", "''": "", "": "", "'0123'": "0123"} {
		var got holder
		if err := yaml.Unmarshal([]byte("secret: "+text+"\n"), &got); err != nil || got.Secret.Reveal() != want {
			t.Errorf("%s gives %q, %v", text, got.Secret.Reveal(), err)
		}
	}
	for _, text := range []string{"0123", "[hunter2]", "{hunter2: x}", "true"} {
		var got holder
		err := yaml.Unmarshal([]byte("secret: "+text+"\n"), &got)
		if err == nil || strings.Contains(strings.SplitN(err.Error(), "\n", 2)[0], hidden) {
			t.Errorf("%s gives %v", text, err)
		}
	}
	a, b := newHolder(), newHolder()
	if !reflect.DeepEqual(a, b) {
		t.Error("equal secrets differ")
	}
}
