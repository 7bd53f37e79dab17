package api

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/api/access"
)

// printed are what the examples of docs/api.md print, in their order.
var printed = []string{
	`"id":"vip","name":"Spends a lot","size":1`, "Etag: \"", `{"members":["u1"],"next":""}`, `{"profile":"u1"}` + "\n" + `{"next":""}`, `"step":"day","complete_since":"`,
	`"version":2,"segments":["hidden","vip"]`, `"cause":"event"`, `"holds":true`, `"valid":true`,
	`"findings":[{"segment":"buyers",`, "How 2 audiences overlap", `{"values":{"site":"news"},"customers":2,`, `"destination":"crm","state":"active"`, `{"dead_letters":[],"next":""}`,
	`{"members":["u1"],"next":""}`, `"version":2,"segments":["hidden","vip"]`, `"segment":"vip","entered":true,"at":"2026-11-18T11:06:40.000Z","version":2,"cause":"event"`,
	`{"destination":"crm","since":"2026-11-21T10:00:00.000Z","changes":0,"shards":0,"incomplete":[]}`, `"taken":false`, `{"backfills":[{"id":"ab"`,
	`"segments":["vip"],"state":{"phase":"asked"`,
	`"version":2,`, `"version":3,`, `"line":1,"column":19,`, " 204 ", `"version":3,"at":"`, `"diff":"@@ -1,3 +1,1 @@\n-id: vip`,
	`{"version":4}`, `{"version":2,"definitions":[{"id":"buyers",`,
	`"id":"products","key":"sku","rows":3`, `{"catalogues":[{"id":"products"`, "A-2,shoes,8", " 204 ",
	`"state":"asked"`, `"state":"cleaning"`, `"left":[]`,
	"event: change\ndata: {",
}

// TestExamplesOfTheDocs runs the examples of docs/api.md as they stand there.
func TestExamplesOfTheDocs(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil && os.Getenv("CI") == "" {
		t.Skip("curl is not on the PATH: install it to run the examples in docs/api.md")
	}
	page, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)\n```sh\n(.*?)\n```\n").FindAllStringSubmatch(string(page), -1)
	if len(examples) != len(printed) {
		t.Fatalf("docs/api.md has %d examples, and %d are known", len(examples), len(printed))
	}
	k := editing(t, chronicled())
	k.spends(t, "u1", 150)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "segments.yaml"), []byte(keptRules), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "products.csv"), []byte("sku,category,margin\nA-1,shoes,12.5\nA-2,shoes,8\nB-1,vases,20\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	asked := answering(t)
	for i, example := range examples {
		run, token := &output{}, k.tokens[access.Read]
		if strings.Contains(example[1], "$INSIGHTS") {
			token = asked.tokens[access.Read]
		}
		command := exec.CommandContext(t.Context(), "sh", "-c", "exec "+example[1])
		command.Dir, command.Stdout, command.Stderr = folder, run, run
		command.Env = append(os.Environ(), "API="+k.url, "INSIGHTS="+asked.url, "TOKEN="+token, "ADMIN="+k.tokens[access.Admin], "WRITE="+k.tokens[access.Write], "TAG="+k.tag(t, "vip"))
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- command.Wait() }()
		k.awaitPrinted(t, run, printed[i], ended, strings.Contains(example[1], "/v1/changes"))
	}
}

// awaitPrinted waits until an example has printed a text: by its end, or, of
// one that goes on, while somebody enters and leaves.
func (k *kept) awaitPrinted(t *testing.T, run *output, want string, ended <-chan error, goesOn bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if goesOn {
			k.spends(t, "u2", 150)
			k.spends(t, "u2", 0)
			if strings.Contains(run.String(), want) {
				return
			}
			continue
		}
		select {
		case err := <-ended:
			if err != nil || !strings.Contains(run.String(), want) {
				t.Errorf("%v; no %q in %s", err, want, run)
			}
			return
		default:
		}
	}
	t.Errorf("no %q in a minute: %s", want, run)
}

// output is what a process prints, to be looked at while it runs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// String returns what was printed so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
