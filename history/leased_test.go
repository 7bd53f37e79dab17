package history

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Each two processes that died one behind the other halve the workers.
func TestDied(t *testing.T) {
	for times, want := range map[int]int{0: 9, 1: 9, 2: 4, 3: 4, 4: 2, 6: 1, 8: 1, 1 << 40: 1} {
		c := Config{Workers: 9}
		if c.Died(times); c.Workers != want {
			t.Errorf("of %d deaths there are %d workers, want %d", times, c.Workers, want)
		}
	}
}

// A machine of an array that is given a task of which others have died does it with
// fewer workers, and when it is done that is forgotten. Leases of other tasks count
// for nothing.
func TestATaskThatProcessesHaveDiedOf(t *testing.T) {
	s, dir := few(t), t.TempDir()
	p, err := machine(t, s.request(t, s.end), dir).Plan(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	leases := filepath.Join(dir, "requests", p.Request, "leases")
	if err := os.MkdirAll(leases, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, index := range map[string]int{"index-1-A": 1, "index-1-B": 1, "index-0-C": 0} { // as they are left
		text := fmt.Appendf(nil, `{"stage":"index","index":%d,"host":"elsewhere","pid":1}`, index)
		if err := os.WriteFile(filepath.Join(leases, name+".json"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	attempt := func(index int) (told []int) {
		c := config(dir, 4)
		b, err := New(s.request(t, s.end), c)
		if err != nil {
			t.Fatal(err)
		}
		task := Task{Stage: StageIndex, Index: index}
		err = b.Attempt(task, func(deaths, workers int) { told = []int{deaths, workers} }, func() error { return b.Do(t.Context(), task) })
		if err != nil {
			t.Fatal(err)
		}
		return told
	}
	for i, want := range [][]int{{2, 2}, nil} {
		if told := attempt(1); !slices.Equal(told, want) {
			t.Errorf("attempt %d was told %v, want %v", i, told, want)
		}
	}
	if told := attempt(0); !slices.Equal(told, []int{1, 4}) {
		t.Errorf("of the other task it was told %v", told)
	}
}
