package e2e

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/api/access"
	"muster/history/queue"
	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
	"muster/test/kit/example"
	"muster/test/kit/kafka"
)

// Schemathesis asks for the bounds of each parameter first, which are the same
// each time, and then draws so many requests for each operation.
const (
	fuzzPhases   = "coverage,fuzzing"
	fuzzExamples = "10"
)

// fuzzConfig is how it asks and judges, and fuzzVIP a segment that it knows.
const (
	fuzzConfig = "testdata/schemathesis.toml"
	fuzzVIP    = "  - id: vip\n    rule: traits.vip == true\n"
)

// TestTheAPIIsFuzzed has Schemathesis ask for everything that openapi.json
// describes, and for what it does not allow, with a token of all scopes and of
// an evaluator that has something to tell. No answer may be one that the file
// does not describe, nor a failure of the server's; nothing may be refused that
// the file allows, and nothing taken that it does not allow.
//
// The change stream is left out, as it has no end.
func TestTheAPIIsFuzzed(t *testing.T) {
	if !kafka.Real() {
		t.Skip("takes a minute; runs with MUSTER_E2E=real (make e2e)")
	}
	stack.Beside(t)
	secret, token, err := access.Create("fuzzer", access.Scopes())
	if err != nil {
		t.Fatal(err)
	}
	crm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer crm.Close()
	tr := traffic.New(3, 40, 12)
	s := stack.Start(t, stack.Options{
		Shards: 2, Sources: 1, Segments: tr.Segments() + fuzzVIP, Definitions: true, API: true, Tokens: token.Line(), Backfills: waitingBackfill(t),
		Destinations: destination(crm.URL, secretFile(t), 5), RedisSection: "  chronicle_keep: 87600h\n",
	})
	s.Init()
	s.ApplySegments(tr.Segments() + fuzzVIP)
	e := s.Run()
	awaitReady(t, s, e, 200)
	s.Produce(tr.Records(s, 500)...)
	s.Produce(&kgo.Record{Topic: s.Source, Value: []byte(`{"type":"identify","userId":"u1","traits":{"vip":true}}`)})
	s.AwaitSettled(stack.Patience)
	config, err := filepath.Abs(fuzzConfig)
	if err != nil {
		t.Fatal(err)
	}
	cmd := example.Schemathesis(t, "../..", "--config-file", config, "run", e.API("/openapi.json"), "--header", "Authorization: Bearer "+secret,
		"--exclude-operation-id", "follow-changes", "--max-examples", fuzzExamples, "--generation-deterministic", "--phases", fuzzPhases,
		"--no-shrink", "--continue-on-failure", "--request-timeout", "60")
	expectClean(t, cmd)
	if status, text, err := e.Ready(); err != nil || status != 200 {
		t.Errorf("the evaluator says %d %s, %v", status, text, err)
	}
}

// waitingBackfill returns a work directory where a backfill, ab, waits until the
// test ends.
func waitingBackfill(t *testing.T) (work string) {
	t.Helper()
	work = t.TempDir()
	one := queue.Asked{ID: "ab", At: time.Now().UTC(), Archive: "gone", Layout: "segment", Segments: []string{"vip"}, Flags: []byte("{}")}
	hold, err := queue.New(work).Take(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hold.Leave(context.Canceled) })
	return work
}

// expectClean runs a fuzzer to its end.
func expectClean(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), stack.Patience)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	out, err := cmd.CombinedOutput()
	if err = errors.Join(err, ctx.Err()); err != nil {
		t.Errorf("schemathesis: %v", err)
	}
	t.Logf("%s", out)
}
