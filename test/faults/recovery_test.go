package faults

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// recover kills an evaluator while nothing else is wrong, with others there
// to take over, and returns how long it takes until every partition makes
// progress again. Another is started afterwards.
func (r *run) recover() time.Duration {
	if len(r.working) < 2 {
		r.join()
		r.produceUntil("the second evaluator to be ready", func() error {
			for _, e := range r.working {
				status, text, err := e.Ready()
				if err != nil {
					return err
				}
				if status != http.StatusOK {
					return fmt.Errorf("it is ready with %d %q", status, text)
				}
			}
			return nil
		})
	}
	r.take(0).Kill()
	began, before := time.Now(), r.offsets()
	var took time.Duration
	r.produceUntil("all partitions to make progress again", func() error {
		took = time.Since(began)
		for shard, next := range r.offsets() {
			if next <= before[shard] && r.populated(shard) {
				return fmt.Errorf("shard %d is still at offset %d", shard, next)
			}
		}
		return nil
	})
	r.join()
	return took
}

func (r *run) produceUntil(what string, done func() error) {
	r.t.Helper()
	r.system.Await(what, settling, func() error {
		r.producer.Send(r.records(atOnce)...)
		return done()
	})
}

func (r *run) offsets() []int64 {
	r.t.Helper()
	next, err := r.system.Offsets()
	r.must(err)
	return next
}

// populated reports whether any profile belongs to a shard.
func (r *run) populated(shard int) bool {
	return slices.ContainsFunc(r.traffic.Profiles, func(id string) bool { return r.system.Owner(id) == shard })
}
