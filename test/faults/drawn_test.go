package faults

import "testing"

// TestSomeRunsPublish: history comes into every sort of deployment, and never
// where rules are edited or clocks step, which the oracle of history knows
// nothing of.
func TestSomeRunsPublish(t *testing.T) {
	const seeds = 180
	published := 0
	found := map[string]bool{}
	for seed := range uint64(seeds) {
		p := draw(seed)
		if !p.publishes {
			continue
		}
		published++
		if p.edits || p.steps {
			t.Errorf("seed %d publishes and edits rules or steps clocks: %+v", seed, p)
		}
		for name, is := range map[string]bool{
			"a cluster": p.cluster, "one Redis": !p.cluster, "a source topic": p.sources > 0, "none": p.sources == 0,
			"a bucket of a cluster": p.bucket && p.cluster, "a bucket of one Redis": p.bucket && !p.cluster, "folders": !p.bucket,
			"snapshot runs": p.initial, "no snapshot runs": !p.initial, "lost writes": p.loses(),
		} {
			found[name] = found[name] || is
		}
	}
	if published < seeds/6 || published > seeds/4 {
		t.Errorf("%d of %d runs publish", published, seeds)
	}
	for name, is := range found {
		if !is {
			t.Errorf("no run that publishes has %s", name)
		}
	}
}
