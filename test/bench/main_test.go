package main

import (
	"bytes"
	"go/build"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const printed = `goos: linux
pkg: muster/event
BenchmarkDecode-2   	    1706	    674071 ns/op	 547.44 MB/s	      1348 ns/event	       1 B/op	       0 allocs/op
BenchmarkBroken-2   	 many	    12 ns/op
{"bench":"event/Missing","skipped":"there is no such thing"}
PASS
ok  	muster/event	2.5s
`

func TestTranslate(t *testing.T) {
	var out, log bytes.Buffer
	if err := (part{name: "event"}).translate(strings.NewReader(printed), &out, &log); err != nil {
		t.Fatal(err)
	}
	want := `{"bench":"event/Decode","n":1706,"ns_op":674071,"MB_s":547.44,"ns_event":1348,"B_op":1,"allocs_op":0}` + "\n" + `{"bench":"event/Missing","skipped":"there is no such thing"}` + "\n"
	if out.String() != want {
		t.Errorf("it printed\n%swant\n%s", out.String(), want)
	}
	for _, line := range []string{"goos: linux", "BenchmarkBroken-2", "PASS"} {
		if !strings.Contains(log.String(), line) {
			t.Errorf("%q is lost", line)
		}
	}
}

func TestUnknownPart(t *testing.T) {
	err := run([]string{"evnt"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), `"evnt"`) || !strings.Contains(err.Error(), "event, profile, stream") {
		t.Errorf("the error is %v, want one that names the parts", err)
	}
}

func TestParts(t *testing.T) {
	for _, p := range parts {
		if _, err := build.Default.ImportDir(filepath.Join("..", "..", p.folder), 0); err != nil {
			t.Errorf("part %s: %v", p.name, err)
		}
	}
}

func TestLongPartsHaveToBeNamed(t *testing.T) {
	all, err := choose(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sweep", "activation", "publication", "peer", "backfill", "backfill-memory"} {
		if slices.ContainsFunc(all, func(p part) bool { return p.name == name }) {
			t.Errorf("without names there are %+v", all)
		}
		if one, err := choose([]string{name}); err != nil || len(one) != 1 || one[0].name != name {
			t.Errorf("%s is %+v, %v", name, one, err)
		}
	}
}

// TestLinesOfATestThatFails: a part that misses its aim still says by how much.
func TestLinesOfATestThatFails(t *testing.T) {
	var out, log bytes.Buffer
	for name, fails := range map[string]bool{"TestLinesOfPass": false, "TestLinesOfFail": true} {
		out.Reset()
		err := (part{name: "lines", folder: ".", test: "^" + name + "$", lines: linesFile}).demand(&out, &log)
		if (err != nil) != fails || out.String() != name+"\n" {
			t.Errorf("%s: it printed %q, %v\n%s", name, out.String(), err, log.String())
		}
	}
}

// linesFile is only set where the tests below are a part's.
const linesFile = "MUSTER_BENCH_LINES"

func TestLinesOfPass(t *testing.T) { writeLine(t) }

func TestLinesOfFail(t *testing.T) {
	writeLine(t)
	t.Error("an aim is missed")
}

func writeLine(t *testing.T) {
	t.Helper()
	file := os.Getenv(linesFile)
	if file == "" {
		t.Skip("is run by TestLinesOfATestThatFails")
	}
	if err := os.WriteFile(file, []byte(t.Name()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}
