package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
)

// played runs a suite whose tests fail for one seed, 0 for none, and
// returns what it printed, its last line and the environments it used.
func played(t *testing.T, rounds int, bad uint64) (printed string, last result, environments []string, err error) {
	t.Helper()
	var out bytes.Buffer
	var mu sync.Mutex
	s := suite{rounds: rounds, seed: 1, out: &out}
	s.test = func(_ context.Context, environment []string, seed uint64) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		environments = append(environments, strings.Join(environment, " "))
		if seed == bad {
			return []byte("--- FAIL: TestThis with its own seed 99\n"), errors.New("exit status 1")
		}
		return []byte("ok  \tmuster/one\t2.000s\nok  \tmuster/some\t31.500s\n?   \tmuster/none\t[no test files]\n"), nil
	}
	if err := s.choose(strings.Join(names(), ",")); err != nil {
		t.Fatal(err)
	}
	err = s.run(t.Context())
	printed = out.String()
	lines := strings.Split(strings.TrimSpace(printed), "\n")
	if broken := json.Unmarshal([]byte(lines[len(lines)-1]), &last); broken != nil {
		t.Fatalf("the last line is %q: %v", lines[len(lines)-1], broken)
	}
	return printed, last, environments, err
}

func TestAllPass(t *testing.T) {
	printed, last, environments, err := played(t, 2, 0)
	if err != nil || !last.Steady || last.Runs != 10 || last.Failures != 0 || last.Rounds != 2 || strings.Contains(printed, "muster/one") {
		t.Errorf("%v, %+v, it printed\n%s", err, last, printed)
	}
	want := []string{"", "", "GOMAXPROCS=1", "", "", "", "", "GOMAXPROCS=1", "", ""}
	if !slices.Equal(environments, want) {
		t.Errorf("the environments are %q", environments)
	}
	for _, line := range []string{"idle   round 1 of 2, seed 1: passed", "; muster/some took longest, 31.5 s\n", "single round 2 of 2, seed 8: passed", "beside round 2 of 2, seed 10: passed"} {
		if !strings.Contains(printed, line) {
			t.Errorf("no %q in\n%s", line, printed)
		}
	}
}

// One failure anywhere is printed and fails the whole, which still goes on.
func TestOneFailureFails(t *testing.T) {
	for seed, name := range map[uint64]string{1: "idle", 2: "busy", 3: "single", 4: "beside", 5: "beside"} {
		printed, last, _, err := played(t, 1, seed)
		if err == nil || last.Steady || last.Failures != 1 || last.Runs != 5 {
			t.Errorf("seed %d: %v, %+v", seed, err, last)
		}
		for _, words := range []string{name, "FAILED (exit status 1)", "TestThis with its own seed 99"} {
			if !strings.Contains(printed, words) {
				t.Errorf("seed %d: no %q in\n%s", seed, words, printed)
			}
		}
	}
}

// What can't be run must not pass for steady.
func TestWrongArguments(t *testing.T) {
	for arguments, says := range map[string]string{"-modes idle,fast": `"fast"`, "-count 0": "at least 1", "-rounds 2": "-rounds"} {
		var out bytes.Buffer
		if err := run(strings.Fields(arguments), &out); err == nil || !strings.Contains(err.Error(), says) || out.Len() > 0 {
			t.Errorf("%s: %v, it printed %q", arguments, err, &out)
		}
	}
}

// Real packages: one whose tests pass does, one whose tests fail is told with
// what it printed, and one that is not there or has no tests is an error.
func TestRealPackages(t *testing.T) {
	if testing.Short() {
		t.Skip("builds packages")
	}
	t.Chdir("../..")
	passing, err := build(t.Context(), t.TempDir(), []string{"./test/kit/port", "./test/kit/certificates"})
	if err != nil || len(passing) != 1 || passing[0].name != "muster/test/kit/port" {
		t.Fatalf("built %+v, %v", passing, err)
	}
	printed, err := test(t.Context(), passing, nil, 1)
	if err != nil || !strings.HasPrefix(string(printed), "ok  \tmuster/test/kit/port\t") {
		t.Errorf("%v\n%s", err, printed)
	}
	t.Chdir("test/steady/testdata/failing")
	failing, err := build(t.Context(), t.TempDir(), []string{"."})
	if err != nil {
		t.Fatal(err)
	}
	printed, err = test(t.Context(), append(passing, failing...), []string{"GOMAXPROCS=1"}, 3)
	if err == nil || !strings.Contains(string(printed), "one core, as told") || !strings.Contains(string(printed), "-test.shuffle 3") ||
		!strings.Contains(string(printed), "FAIL\t"+failing[0].name) || !strings.Contains(string(printed), "ok  \tmuster/test/kit/port\t") {
		t.Errorf("%v\n%s", err, printed)
	}
	for _, packages := range []string{"./nowhere", "muster/test/kit/certificates"} {
		if built, err := build(t.Context(), t.TempDir(), []string{packages}); err == nil {
			t.Errorf("%s: built %+v", packages, built)
		}
	}
}
