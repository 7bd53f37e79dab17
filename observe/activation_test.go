package observe_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"muster/activation"
	"muster/observe"
)

// Deliveries show in metrics, and what somebody should look at in the log.
func TestDeliveriesAreSeen(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	w := observe.New(zap.New(core))
	o := w.Activation()
	o.Attempted("crm", 5, activation.Answer{Verdict: activation.Delivered, Status: 200, Took: 3 * time.Millisecond})
	for range 100 {
		o.Attempted("crm", 1, activation.Answer{Verdict: activation.Deferred, Status: 503, Reason: "503 Service Unavailable"})
	}
	o.Attempted("crm", 1, activation.Answer{Verdict: activation.Refused, Status: 400, Reason: "400 Bad Request"})
	o.Dead("crm", 2, "400 Bad Request")
	o.Missed("crm", 7)
	o.Disabled("old", "410 Gone")
	o.Failed("crm", 3, errors.New("redis is away"))
	o.Coalesced("crm", 4)
	for range 3 {
		o.Circuit("crm", activation.Circuit{Open: true, Probe: 1, Reason: "503"})
	}
	o.Circuit("mail", activation.Circuit{Open: true, Probe: 1, Reason: "503"})
	o.Circuit("mail", activation.Circuit{})
	o.Named("crm", 9)
	o.Ended("crm", activation.Ended{Run: "r", Shard: 3, Named: 9, Told: true})
	o.Ended("crm", activation.Ended{Run: "r", Shard: 4, Named: 9, Lost: 2})
	o.Ended("crm", activation.Ended{Run: "r", Shard: 5, Named: 9, Torn: true})
	o.Failed("crm", 3, fmt.Errorf("saving: %w", activation.ErrTaken))
	_, text := get(t, w, "/metrics")
	mustContain(t, text, `muster_activation_attempts_total{destination="crm",verdict="delivered"} 1`,
		`muster_activation_attempts_total{destination="crm",verdict="deferred"} 100`,
		`muster_activation_attempts_total{destination="crm",verdict="refused"} 1`, `muster_activation_delivered_total{destination="crm"} 5`,
		`muster_activation_dead_total{destination="crm"} 2`, `muster_activation_missed_total{destination="crm"} 7`,
		`muster_activation_breaker_open{destination="crm"} 1`, `muster_activation_breaker_open{destination="mail"} 0`,
		`muster_activation_coalesced_total{destination="crm"} 4`, `muster_activation_named_total{destination="crm"} 9`,
		`muster_activation_attempt_seconds_count{destination="crm"} 102`)
	for message, want := range map[string]int{
		"destination crm has not taken a message":                                                  1, // equal lines once a minute
		"changes are given up, evaluator activate dead crm shows them":                             1,
		"a destination wants nothing any more and is sent nothing until evaluator activate enable": 1,
		"destination crm is left alone":                                                            1, // the same
		"a destination answers again":                                                              1,
		"a snapshot run has named all members of a shard":                                          1,
		"members of a snapshot run are given up, evaluator activate dead crm shows them":           1,
		"a snapshot run could not make up for dropped changes in a shard, another one follows":     1,
		"deliveries to crm wait for Redis, trying again":                                           1,
		"another process delivers this shard's changes now":                                        1,
	} {
		if got := logs.FilterMessage(message).Len(); got != want {
			t.Errorf("%q is logged %d times, want %d", message, got, want)
		}
	}
}
