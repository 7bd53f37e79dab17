package e2e

import (
	"context"
	"errors"
	"os/exec"
	"testing"

	"muster/api/access"
	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
	"muster/test/kit/example"
	"muster/test/kit/kafka"
)

// The fuzzer draws the same each time. It asks for the bounds of each parameter
// first, and then draws so many requests for each operation.
const (
	fuzzExamples = "3"
	fuzzPhases   = "coverage,fuzzing"
	fuzzChecks   = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,ignored_auth"
)

// TestTheAPIIsFuzzed has Schemathesis ask for everything that openapi.json
// describes, and for what it does not allow, with a token of all scopes and of
// an evaluator that has something to tell. No answer may be one that the file
// does not describe, and none a failure of the server's.
//
// The change stream is left out, as it has no end. Texts are ASCII: the longest
// id of others has 12 bytes for a character in a path, which is more than a
// request may have.
func TestTheAPIIsFuzzed(t *testing.T) {
	if !kafka.Real() {
		t.Skip("takes a minute; runs with MUSTER_E2E=real (make e2e)")
	}
	stack.Beside(t)
	secret, token, err := access.Create("fuzzer", access.Scopes())
	if err != nil {
		t.Fatal(err)
	}
	tr := traffic.New(3, 40, 12)
	s := stack.Start(t, stack.Options{Shards: 2, Sources: 1, Segments: tr.Segments(), Definitions: true, API: true, Tokens: token.Line()})
	s.Init()
	s.ApplySegments(tr.Segments())
	e := s.Run()
	awaitReady(t, s, e, 200)
	s.Produce(tr.Records(s, 500)...)
	s.AwaitSettled(stack.Patience)
	cmd := example.Schemathesis(t, "../..", "run", e.API("/openapi.json"), "--header", "Authorization: Bearer "+secret,
		"--exclude-operation-id", "follow-changes", "--max-examples", fuzzExamples, "--generation-deterministic", "--generation-codec", "ascii",
		"--phases", fuzzPhases, "--checks", fuzzChecks, "--no-shrink", "--continue-on-failure", "--request-timeout", "60")
	expectClean(t, cmd)
	if status, text, err := e.Ready(); err != nil || status != 200 {
		t.Errorf("the evaluator says %d %s, %v", status, text, err)
	}
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
		t.Errorf("schemathesis: %v\n%s", err, out)
	}
}
