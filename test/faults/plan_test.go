package faults

import (
	"math/rand/v2"
	"time"
)

const (
	session        = 2 * time.Second // of the consumer groups
	shards         = 8
	profiles       = 40
	moreProfiles   = 160 // where rules are edited: most are touched by nothing else for a while
	rulesPerRun    = 12
	faultsPerRun   = 12
	leastGap       = 100 * time.Millisecond
	longestGap     = 1500 * time.Millisecond
	mostEvaluators = 4
)

// plan is what one run is made of.
type plan struct {
	seed       uint64
	cluster    bool
	profiles   int
	sources    int // partitions of the source topic, 0 for none
	evaluators int
	edits      bool // whether rules are edited meanwhile
	steps      bool // whether the wall clock steps meanwhile
	initial    bool // whether destinations begin with all members
	publishes  bool // whether a backfill is brought into the service meanwhile
	bucket     bool // whether its archive and its work directory are in a bucket, else in folders
	storm      []fault
}

// fault is one thing that goes wrong.
type fault struct {
	kind  *kind
	after time.Duration // the beginning of the one before
	lasts time.Duration
	pick  int // chooses among what can be hit
}

// draw makes the plan of a seed. Every second one is for a Redis Cluster,
// every fourth without a source topic, every third with rules that are edited
// behind every fault, every seventh of the others with a wall clock that steps;
// in two of five destinations begin with all members; and in two of nine, none
// of which edits rules, a backfill is published, in one of them by way of a
// bucket.
func draw(seed uint64) plan {
	r := rand.New(rand.NewPCG(seed, 3))
	p := plan{seed: seed, profiles: profiles, cluster: seed%2 == 0, sources: 3, evaluators: 1 + r.IntN(mostEvaluators), edits: seed%3 == 0, initial: seed%5 < 2}
	if p.edits {
		p.profiles = moreProfiles
	}
	p.steps = seed%7 == 0 && !p.edits
	p.publishes = (seed%9 == 1 || seed%9 == 4) && !p.steps
	p.bucket = p.publishes && seed%9 == 1
	if seed%4 == 3 {
		p.sources = 0
	}
	var choice []*kind
	for _, k := range kinds() {
		if k.fits == nil || k.fits(&p) {
			choice = append(choice, k)
		}
	}
	for range faultsPerRun {
		k := choice[r.IntN(len(choice))]
		p.storm = append(p.storm, fault{
			kind: k, after: between(r, leastGap, longestGap), lasts: between(r, k.least, k.most), pick: r.IntN(1 << 16),
		})
		if p.edits {
			p.storm = append(p.storm, fault{kind: edit, after: between(r, 0, longestGap/3), pick: r.IntN(1 << 16)})
		}
	}
	return p
}

// between returns a duration from least to most.
func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)+1))
}
