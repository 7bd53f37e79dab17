package generate_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"muster/test/kit/generate"
	"muster/test/kit/oracle"
)

// Rules that follow a profile through time must be drawn often, and most of
// them must be true of some profile at some event and false at another.
func TestTimedRulesMove(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	rules, drawn := map[string]string{}, 0
	words := map[string]int{}
	for len(rules) < 300 {
		drawn++
		rule := generate.Rule(r, 0, nil)
		word, _, _ := strings.Cut(rule, "(")
		if word == "held" || word == "sequence" || word == "abandoned" {
			words[word]++
			rules[fmt.Sprintf("%s-%d", word, drawn)] = rule
		}
	}
	if drawn > 10*len(rules) || words["held"] < 40 || words["sequence"] < 40 || words["abandoned"] < 40 {
		t.Errorf("%v of %d rules", words, drawn)
	}
	o, err := oracle.New(rules)
	if err != nil {
		t.Fatal(err)
	}
	yes, asked := map[string]int{}, 0
	for range 300 {
		e := generate.Event(r, []string{"p0", "p1", "p2", "p3"}, max(o.Clock(), generate.Start))
		o.Apply(&e)
		asked++
		for _, id := range o.Memberships(e.Profile, o.Clock()) {
			yes[id]++
		}
	}
	moving := map[string]int{}
	for id := range rules {
		if word, _, _ := strings.Cut(id, "-"); yes[id] > 0 && yes[id] < asked {
			moving[word]++
		}
	}
	for word, n := range words {
		t.Logf("%s: %d of %d are true at some events and false at others", word, moving[word], n)
		if moving[word] < n*2/5 {
			t.Errorf("only %d of %d rules with %s move", moving[word], n, word)
		}
	}
}
