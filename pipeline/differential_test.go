package pipeline_test

import (
	"context"
	"runtime"
	"testing"

	"muster/test/kit/environment"
	"muster/test/soak"
)

// TestShardAgreesWithOracle feeds random events to random rules and demands
// that every change, its instant, its version and its order are the
// oracle's, and that evaluating from scratch agrees after every event.
// MUSTER_DECISIONS says how many decisions to make at events alone (rule,
// profile, event), MUSTER_SEED with which seed to begin.
func TestShardAgreesWithOracle(t *testing.T) {
	usual := uint64(2_000_000)
	if testing.Short() {
		usual = 50_000
	}
	config := soak.Config{
		Decisions: int64(environment.Number(t, "MUSTER_DECISIONS", usual)), Seed: environment.Number(t, "MUSTER_SEED", 1),
		Workers: runtime.GOMAXPROCS(0), Stop: 1,
	}
	p, err := soak.NewRunner(config, soak.NewShard, func(failure error) { t.Error(failure) }).Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d decisions at events, %d at instants, %d changes, %d mismatches", p.Decisions(), p.AtInstants, p.Changes, p.Mismatches)
	if p.Mismatches == 0 && (p.Decisions() < config.Decisions || p.Changes == 0) {
		t.Errorf("%d decisions and %d changes are not what was asked for", p.Decisions(), p.Changes)
	}
}
