package activation

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is read again from the same files is the same, and every edit is not.
func TestSame(t *testing.T) {
	const text = `destinations:
  - name: crm
    segments: [vip, "churn-*"]
    batch: 2
    webhook: {url: "https://example.com/a", secrets: [{file: secret}], headers: {X-Team: growth}}
  - name: all
    segments: all
    format: template
    template: '{"user": {{json .Profile}}}'
    webhook: {url: "https://example.com/b", secrets: [{file: secret}]}
`
	folder := t.TempDir()
	read := func(text, secret string, known ...string) []Destination {
		t.Helper()
		path := filepath.Join(folder, "destinations.yaml")
		for name, content := range map[string]string{path: text, filepath.Join(folder, "secret"): secret} {
			if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		list, err := Read(path, func(Webhook) error { return nil })
		if err == nil {
			err = Resolve(list, known)
		}
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	const secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	before := read(text, secret, "vip", "churn-now")
	if !Same(before, read(text, secret, "vip", "churn-now")) {
		t.Error("read again it is not the same")
	}
	for what, after := range map[string][]Destination{
		"a url":             read(strings.Replace(text, "com/a", "com/c", 1), secret, "vip", "churn-now"),
		"a header":          read(strings.Replace(text, "growth", "other", 1), secret, "vip", "churn-now"),
		"a template":        read(strings.Replace(text, `"user"`, `"u"`, 1), secret, "vip", "churn-now"),
		"batch_age":         read(strings.Replace(text, "    batch: 2", "    batch: 2\n    batch_age: 1s", 1), secret, "vip", "churn-now"),
		"traits":            read(strings.Replace(text, "    segments: all", "    segments: all\n    traits: [email]", 1), secret, "vip", "churn-now"),
		"coalesce":          read(strings.Replace(text, "    segments: all", "    segments: all\n    coalesce: true", 1), secret, "vip", "churn-now"),
		"a secret":          read(text, "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY=", "vip", "churn-now"),
		"a segment that is": read(text, secret, "vip", "churn-now", "churn-soon"),
		"one less":          before[:1],
	} {
		if Same(before, after) {
			t.Errorf("%s makes no difference", what)
		}
	}
}
