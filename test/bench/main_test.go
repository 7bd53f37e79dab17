package main

import (
	"bytes"
	"go/build"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const printed = `goos: linux
pkg: muster/event
BenchmarkDecode-2   	    1706	    674071 ns/op	 547.44 MB/s	      1348 ns/event	       1 B/op	       0 allocs/op
BenchmarkBroken-2   	 many	    12 ns/op
PASS
ok  	muster/event	2.5s
`

func TestTranslate(t *testing.T) {
	var out, log bytes.Buffer
	if err := (part{name: "event"}).translate(strings.NewReader(printed), &out, &log); err != nil {
		t.Fatal(err)
	}
	want := `{"bench":"event/Decode","n":1706,"ns_op":674071,"MB_s":547.44,"ns_event":1348,"B_op":1,"allocs_op":0}` + "\n"
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
	if err != nil || slices.ContainsFunc(all, func(p part) bool { return p.name == "sweep" }) {
		t.Errorf("without names there are %+v, %v", all, err)
	}
	if one, err := choose([]string{"sweep"}); err != nil || len(one) != 1 || one[0].name != "sweep" {
		t.Errorf("sweep is %+v, %v", one, err)
	}
}
