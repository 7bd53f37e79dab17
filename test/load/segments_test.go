package load

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"muster/rules"
	"muster/test/kit/ruleset"
	"muster/test/kit/workload"
)

// ruleSeed is what the rules are drawn from; fewer segments are the first of
// more.
const ruleSeed = 42

// segmentation is the segments of a case: as rules, files and programs.
type segmentation struct {
	rules    map[string]*workload.Predicate // by segment
	file     string                         // "" without segments
	programs string                         // file
	set      *rules.Set
}

// segmentations makes those of every number that is asked for.
func segmentations(t testing.TB, folder string, numbers []int) map[int]*segmentation {
	t.Helper()
	generator := workload.NewNarrowRuleGenerator(workload.Customers(), ruleSeed)
	var drawn []*workload.Predicate
	all := map[int]*segmentation{}
	for _, n := range numbers {
		for len(drawn) < n {
			drawn = append(drawn, generator.Rule())
		}
		all[n] = newSegmentation(t, folder, drawn[:n])
	}
	return all
}

func newSegmentation(t testing.TB, folder string, drawn []*workload.Predicate) *segmentation {
	t.Helper()
	s := &segmentation{rules: map[string]*workload.Predicate{}}
	texts, programs := map[string]string{}, map[string]string{}
	for i, rule := range drawn {
		id := fmt.Sprintf("s-%06d", i)
		s.rules[id], texts[id], programs[id] = rule, rule.Text(workload.Muster), rule.Text(workload.Expr)
	}
	s.set = ruleset.Compile(t, texts)
	if len(drawn) == 0 {
		return s
	}
	s.file, s.programs = filepath.Join(folder, fmt.Sprintf("segments-%d.yaml", len(drawn))), filepath.Join(folder, fmt.Sprintf("programs-%d.json", len(drawn)))
	data, err := json.Marshal(programs)
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string][]byte{s.file: []byte(ruleset.File(texts)), s.programs: data} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// writeTemporary writes a file that goes with the test, and returns its path.
func writeTemporary(t testing.TB, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
