package faults

import (
	"encoding/json"
	"fmt"

	"muster/test/kit/delivered"
	"muster/test/kit/oracle"
)

// verifyReconciled waits until destinations know all changes that there are,
// asks for a snapshot run of each, and demands that what they hear from its
// beginning on is the memberships.
func (r *run) verifyReconciled(sum *settledDeliveries) {
	r.t.Helper()
	outbox := r.system.Outbox()
	hook := func() *delivered.Log { return r.deliveries.endpoint.Log }
	topic := func() *delivered.Log { return r.system.ToldOnTopic(r.deliveries.topic) }
	r.awaitTold("the webhook", func() error { return hook().Lacks(outbox) })
	r.awaitTold("the topic", func() error { return topic().Lacks(outbox) })
	r.verifyStatus(sum)
	for name, log := range map[string]func() *delivered.Log{"hook": hook, "lake": topic} {
		sum.Missing += log().Missing(outbox)
		sum.Compared += len(outbox)
		if !r.reconcile(name, log, outbox) {
			sum.Diverged++
		}
	}
}

// reconcile asks for a run and reports whether a destination is right by it.
func (r *run) reconcile(name string, log func() *delivered.Log, outbox []oracle.Change) (right bool) {
	r.t.Helper()
	text, err := r.system.Activate("reconcile", name, "--output", "json")
	r.must(err)
	var asked struct{ Run string }
	r.must(json.Unmarshal([]byte(text), &asked))
	want := delivered.Members(outbox)
	r.awaitTold(name+" by a reconcile", func() error {
		got, err := log().Reconciled(asked.Run)
		if err == nil && !sameMembers(got, want) {
			err = fmt.Errorf("by run %s it knows the memberships\n%v\nwant\n%v", asked.Run, got, want)
		}
		right = err == nil
		return err
	})
	return right
}
