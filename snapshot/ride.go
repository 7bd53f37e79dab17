package snapshot

import (
	"slices"
	"time"
)

// ride is one scan of a snapshot for several questions.
type ride struct {
	desk     *Desk
	snapshot *Snapshot
	all      []*rider
	scans    []*boarded // those that somebody waits for
}

// boarded is a scan with the questions that it is for.
type boarded struct {
	*scan
	riders []*rider
}

// rider is a question on a ride.
type rider struct {
	group *asked
	pass  *pass
	told  time.Time
}

// board makes one scan of all questions, and where they can't be one set, one of
// each. These go over the profiles side by side.
func (r *ride) board(groups []*asked) {
	questions := make([]*Question, len(groups))
	for i, group := range groups {
		questions[i] = group.q
	}
	if len(groups) > 1 {
		if set, places := together(questions); set != nil {
			one := &boarded{}
			var passes []*pass
			for i, group := range groups {
				p := r.snapshot.newPass(group.q, places[i:i+1])
				one.riders, passes = append(one.riders, &rider{group: group, pass: p}), append(passes, p)
			}
			one.scan = r.snapshot.newScan(set, passes...)
			r.scans, r.all = []*boarded{one}, slices.Clone(one.riders)
			return
		}
	}
	for _, group := range groups {
		p := r.snapshot.newPass(group.q, group.q.asked)
		one := &rider{group: group, pass: p}
		r.scans = append(r.scans, &boarded{r.snapshot.newScan(group.q.set, p), []*rider{one}})
		r.all = append(r.all, one)
	}
}

// run goes over the profiles, until all were seen or nobody waits any more.
func (r *ride) run() error {
	for seen := int64(0); seen < r.snapshot.Held() && len(r.scans) > 0; seen += stride {
		for _, one := range r.scans {
			if err := one.evaluate(seen); err != nil {
				return err
			}
		}
		r.tell(seen+stride >= r.snapshot.Held())
	}
	for _, one := range r.scans {
		one.fold()
	}
	return nil
}

// tell tells who waits how far it is, now and then, and drops the questions that
// nobody waits for.
func (r *ride) tell(last bool) {
	for _, one := range r.scans {
		one.riders = slices.DeleteFunc(one.riders, func(who *rider) bool {
			if last || time.Since(who.told) < r.desk.every {
				return false
			}
			if r.desk.deserted(who.group) {
				one.passes = slices.DeleteFunc(one.passes, func(p *pass) bool { return p == who.pass })
				return true
			}
			one.fold()
			r.desk.tell(who.group, who.pass.answer())
			who.told = time.Now()
			return false
		})
	}
	r.scans = slices.DeleteFunc(r.scans, func(one *boarded) bool { return len(one.riders) == 0 })
}
