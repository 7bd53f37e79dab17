package config

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

var lineAndColumn = regexp.MustCompile(`\[(\d+):\d+\]`)

// FuzzConfiguration demands of any text that it is read and checked without
// a panic and soon, that what is wrong with its form is named with its line,
// and that what is taken can be printed and read again.
func FuzzConfiguration(f *testing.F) {
	example, err := os.ReadFile("../configs/evaluator.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(example))
	for text := range unusableConfigurations {
		f.Add(text)
	}
	for _, seed := range []string{
		"", "null", "[]", "kafka", "kafka:\n  tls: {enabled: true, ca_file: x}\n  sasl: {mechanism: PLAIN, username: ${USER}, password: $${x}}\n",
		"redis: {addresses: [a, b], retry_for: 1h, outbox_max: 99999999999999999999}\n", "kafka: &a {brokers: *a}\n", "a: &a [*a]\n",
		"kafka: {<<: {group: x}}\n", "redis: !!binary aGVsbG8=\n", "? [kafka]\n: x\n", "kafka:\n\tgroup: x\n", "\ufeffclock: stream\n",
		"clock: !!int stream\n", "redis:\n  password: |-\n    ${SET}\n", "pipeline: {commit_timeout: -1ns, cache_bytes: 0x7fffffffffffffff}\n",
		strings.Repeat("{a: ", 200), strings.Repeat("- ", 200), "kafka:\n  group: \"\x00\xff\"\n", "---\n...\n---\n", "# only a comment", "segments: {path: \"\\ud800\"}\n",
	} {
		f.Add(seed)
	}
	lookup := func(name string) (string, bool) { return "it's: #1 \"x\"\n${SET}", name == "SET" }
	f.Fuzz(func(t *testing.T, text string) {
		late := time.AfterFunc(time.Minute, func() { panic(fmt.Sprintf("no answer to %q", text)) })
		defer late.Stop()
		c := Default()
		if err := c.decode([]byte(text), lookup); err != nil {
			expectPlace(t, text, err)
			return
		}
		if err := c.Validate(); err != nil && len(placed(err, []byte(text)).Error()) < len(err.Error()) {
			t.Errorf("%q became %q", err, placed(err, []byte(text)))
		}
		printed, err := c.YAML()
		if err != nil {
			t.Fatalf("printing: %v", err)
		}
		again := Default()
		if err := again.decode([]byte(printed), lookup); err != nil {
			t.Errorf("what it prints can't be read: %v\n%s", err, printed)
		}
	})
}

// expectPlace demands that an error names a line of the text.
func expectPlace(t *testing.T, text string, err error) {
	t.Helper()
	if strings.Contains(err.Error(), "several YAML documents") || len(text) > maxConfig {
		return
	}
	found := lineAndColumn.FindStringSubmatch(err.Error())
	if found == nil {
		t.Fatalf("an error without a place: %v", err)
	}
	if line, _ := strconv.Atoi(found[1]); line < 1 || line > strings.Count(text, "\n")+strings.Count(text, "\r")+1 {
		t.Errorf("line %d is not in the text: %v", line, err)
	}
}
