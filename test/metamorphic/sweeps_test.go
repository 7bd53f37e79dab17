package metamorphic

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"muster/pipeline"
	"muster/test/kit/environment"
	"muster/test/kit/generate"
)

// eachEdited runs a test on MUSTER_RUNS histories, from seed MUSTER_SEED on. It
// reports whether these were enough for everything to have happened, and none
// has failed.
func eachEdited(t *testing.T, test func(t *testing.T, seed uint64)) (all bool) {
	t.Helper()
	runs, seed := environment.Number(t, "MUSTER_RUNS", 12), environment.Number(t, "MUSTER_SEED", 1)
	if testing.Short() {
		runs = min(runs, 4)
	}
	for n := range runs {
		t.Run(fmt.Sprintf("seed %d", seed+n), func(t *testing.T) { test(t, seed+n) })
	}
	return runs >= 4 && !t.Failed()
}

// crowd is a random history of a shard whose rules are edited.
type crowd struct {
	*edited
	r        *rand.Rand
	pool     *generate.Pool
	profiles []string
	active   []string            // those that events are of at the time
	past     []map[string]string // rules that were in force
	swap     bool                // whether edits come in place, or with another owner
	seen     map[string]int      // what has happened how often
}

// ordinary is how long a wave must be for the order between profiles to
// depend on what was looked at before: none is as long here.
const ordinary = 1000

// begin begins a history of a seed. Every second one has rules with held(...).
func begin(t *testing.T, seed uint64, waves ...int) *crowd {
	r := rand.New(rand.NewPCG(seed, 8))
	return newCrowd(t, r, generate.NewPool(r, seed%2 == 0, steps...), waves...)
}

func newCrowd(t *testing.T, r *rand.Rand, pool *generate.Pool, waves ...int) *crowd {
	c := &crowd{r: r, pool: pool, swap: true, seen: map[string]int{}}
	config := pipeline.Default()
	config.CacheBytes = pick(r, []int{tinyCache, 10_000, 0})
	config.Timers = pick(r, []int{1, 3, 2000})
	config.Wave = pick(r, waves)
	for i := range 30 {
		c.profiles = append(c.profiles, fmt.Sprintf("p%02d", i))
	}
	c.active = c.profiles
	c.edited = newEdited(t, config, c.pool.First(r))
	c.produce(60)
	c.settle(r)
	return c
}

// produce appends records to the log.
func (c *crowd) produce(n int) {
	clock := max(c.driver.Clock(), generate.Start)
	for i := range c.log {
		clock = max(clock, c.log[i].Arrival)
	}
	for range n {
		ev := generate.Event(c.r, c.active, clock)
		clock = max(clock, ev.Arrival)
		c.log, c.clocks = append(c.log, ev), append(c.clocks, 0)
	}
}

// step lets one thing happen.
func (c *crowd) step() {
	c.t.Helper()
	switch n := c.r.IntN(100); {
	case n < 36:
		c.produce(c.r.IntN(5))
		c.read()
	case n < 50:
		for range 1 + c.r.IntN(6) {
			c.turn()
		}
	case n < 58:
		c.pass(pick(c.r, []int64{1, minute, 60 * minute, week / 7, week}))
	case n < 76:
		for range 1 + c.r.IntN(2)*c.r.IntN(3) {
			c.change()
		}
	case n < 82:
		c.displace()
	case n < 86:
		c.count("killed")
		c.deadly, c.landed = true, c.r.IntN(2) == 0
	case n < 89:
		c.count("older")
		c.comeBackOlder(1 + c.r.IntN(12))
	case n < 92:
		c.active = c.profiles
		if c.r.IntN(4) > 0 {
			at := c.r.IntN(len(c.profiles) - 4)
			c.active = c.profiles[at : at+4]
		}
	case n < 95:
		c.settle(c.r)
		c.mustBeExact("in between")
	default:
		c.editAlone()
	}
}

// pass lets time go on, and serves some of what is due.
func (c *crowd) pass(by int64) {
	c.t.Helper()
	c.wall = max(c.wall, c.driver.Clock()) + by
	c.driver.Pass(c.wall)
	c.turn()
}

// count notes that something has happened, and whether in a sweep.
func (c *crowd) count(what string) {
	c.seen[what]++
	if c.driver.Sweeping() {
		c.seen[what+" in a sweep"]++
	}
}

// read serves some of the records at hand.
func (c *crowd) read() {
	c.t.Helper()
	for range 1 + c.r.IntN(3) {
		before := c.driver
		records := c.serve(1 + c.r.IntN(4))
		if records == 0 || c.driver != before || c.config.Wave < ordinary {
			continue // a wave may hold back the timers of those that were touched
		}
		if c.r.IntN(3) == 0 {
			c.mustBeCurrent(records)
		}
	}
}

// change edits the rules.
func (c *crowd) change() {
	c.t.Helper()
	c.count("edited")
	if c.r.IntN(3) == 0 || len(c.past) == 0 {
		c.past = append(c.past, c.texts)
	}
	next := c.pool.Edit(c.r, c.texts, pick(c.r, c.past))
	if c.swap {
		c.edit(next)
		c.driver.Pass(c.wall)
		return
	}
	c.adopt(next)
	c.restart()
}

// displace has another owner take over while the one before goes on. It is
// heard no more.
func (c *crowd) displace() {
	c.t.Helper()
	c.count("displaced")
	older := c.restart()
	stored := len(c.all)
	for range 3 {
		if err := older.Turn(c.t.Context()); err != nil {
			if !errors.Is(err, pipeline.ErrFenced) && !errors.Is(err, errKilled) {
				c.t.Fatalf("an owner that was displaced: %v", err)
			}
			break
		}
	}
	if len(c.all) != stored {
		c.t.Fatal("an owner that was displaced has committed")
	}
}

// editAlone edits the rules while nothing else happens.
func (c *crowd) editAlone() {
	c.t.Helper()
	c.deadly = false
	c.settle(c.r)
	c.mustBeExact("before an edit")
	before, commits := c.members(), len(c.commits)
	c.change()
	if c.sweep(); len(c.commits) == commits {
		return
	}
	c.mustBeDifference(before, c.commits[commits:])
	c.mustBeExact("after an edit")
}

// finish brings a history to its end.
func (c *crowd) finish() {
	c.t.Helper()
	c.deadly = false
	c.settle(c.r)
	c.mustBeExact("at the end")
	c.produce(20)
	c.settle(c.r)
	c.mustBeExact("behind the end")
	for _, by := range []int64{60 * minute, week / 7, 5 * week} {
		c.pass(by)
		c.settle(c.r)
		c.turn() // which moves the clock to where time is
		c.mustBeExact("later")
	}
}

// TestEditsLeaveWhatAFreshServiceHas lets rules be edited at random between
// events, while shards are swept, owners die and are displaced, and the store
// comes back older. Whenever it is swept, the shard is where the oracle of the
// rules in force says.
func TestEditsLeaveWhatAFreshServiceHas(t *testing.T) {
	seen := map[string]int{}
	all := eachEdited(t, func(t *testing.T, seed uint64) {
		c := begin(t, seed, 0, 2, ordinary)
		for range 120 {
			c.step()
		}
		c.finish()
		for what, n := range c.seen {
			seen[what] += n
		}
	})
	t.Logf("%v", seen)
	for _, what := range []string{"edited in a sweep", "displaced in a sweep", "killed in a sweep", "older in a sweep"} {
		if all && seen[what] == 0 {
			t.Errorf("nothing was %s", what)
		}
	}
}

// TestEditInPlaceIsARestart lets the same happen with every edit in place and
// with every edit by a restart, and demands the same commits, to the byte.
func TestEditInPlaceIsARestart(t *testing.T) {
	eachEdited(t, func(t *testing.T, seed uint64) {
		both := [2]*crowd{begin(t, seed, ordinary), begin(t, seed, ordinary)}
		both[1].swap = false
		for range 100 {
			for _, c := range both {
				c.step()
			}
			if !maps.Equal(both[0].texts, both[1].texts) {
				t.Fatal("the histories are not the same")
			}
		}
		if len(both[0].all) != len(both[1].all) {
			t.Errorf("%d commits in place, %d with restarts", len(both[0].all), len(both[1].all))
		}
		for i := range min(len(both[0].all), len(both[1].all)) {
			for _, c := range both {
				c.all[i].Epoch = 0
			}
			if got, want := fmt.Sprintf("%+v", both[0].all[i]), fmt.Sprintf("%+v", both[1].all[i]); got != want {
				t.Fatalf("commit %d in place:\n%s\nafter restarting\n%s", i, got, want)
			}
		}
	})
}
