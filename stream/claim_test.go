package stream_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"muster/stream"
	"muster/test/kit/kafka"
)

var (
	first  = stream.Deployment{ID: "FIRST", Prefix: "a", Redis: "redis:6379/0"}
	second = stream.Deployment{ID: "SECOND", Prefix: "b", Redis: "redis:6379/0"}
)

// A group and a keyed topic are their first deployment's, each by itself and
// also while members are in the group.
func TestGroupAndTopicBelongToOneDeployment(t *testing.T) {
	kafka.Beside(t)
	f := newFixture(t, kafka.Start(t))
	f.createTopic("keyed", 2)
	f.createTopic("other", 2)
	c := f.connect(nil)
	if err := c.CheckClaim(f.ctx, second, false); err != nil {
		t.Errorf("before anybody came: %v", err)
	}
	o := newOwnership()
	defer f.join(c, o.own("one"))()
	o.await(f, map[string]int{"one": 2})
	for range 2 { // claiming again is nothing new
		if err := c.Claim(f.ctx, first); err != nil {
			t.Fatal(err)
		}
	}
	wantClaimed(t, c.Claim(f.ctx, second), "kafka.group workers")
	f.cfg.Keyed = "other"
	wantClaimed(t, f.connect(nil).Claim(f.ctx, second), "kafka.group workers")
	f.cfg.Keyed, f.cfg.Group = "keyed", "others"
	wantClaimed(t, f.connect(nil).Claim(f.ctx, second), "kafka.keyed keyed")
	f.cfg.Keyed = "other"
	if err := f.connect(nil).Claim(f.ctx, second); err != nil {
		t.Errorf("a deployment with a group and a topic of its own: %v", err)
	}
}

func wantClaimed(t *testing.T, err error, what string) {
	t.Helper()
	var claimed *stream.ClaimedError
	if !errors.As(err, &claimed) || claimed.Owner != first || !strings.HasPrefix(err.Error(), what+" belongs to another deployment, FIRST") {
		t.Errorf("got %v; want %s to be refused", err, what)
	}
}

// A deployment goes on under another keyed topic, as after a reshard. What it
// had is its own until somebody takes it over, from wherever that was.
func TestClaimIsTakenOver(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.createTopic("keyed", 2)
	f.createTopic("keyed-2", 2)
	before := f.connect(nil)
	if err := before.Claim(f.ctx, first); err != nil {
		t.Fatal(err)
	}
	f.cfg.Keyed = "keyed-2"
	if err := f.connect(nil).Claim(f.ctx, first); err != nil {
		t.Fatal(err)
	}
	emptied := first
	emptied.ID = ""
	if err := before.CheckClaim(f.ctx, emptied, true); err != nil {
		t.Errorf("beginning anew in the same place: %v", err)
	}
	wantClaimed(t, before.CheckClaim(f.ctx, emptied, false), "kafka.group workers")
	wantClaimed(t, before.CheckClaim(f.ctx, second, true), "kafka.group workers")
	if err := before.TakeOver(f.ctx, second); err != nil {
		t.Fatal(err)
	}
	if err := before.Claim(f.ctx, second); err != nil {
		t.Errorf("after it was taken over: %v", err)
	}
	if err := before.CheckClaim(f.ctx, first, false); err == nil {
		t.Error("the deployment of before is not refused")
	}
}

func TestClaimWaitsForACoordinator(t *testing.T) {
	broker := kafka.StartFakeFor(t)
	f := newFixture(t, broker)
	f.createTopic("keyed", 1)
	broker.Fault(
		kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Err: kerr.CoordinatorNotAvailable, Count: 2},
		kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.CoordinatorLoadInProgress, Count: 2},
	)
	if err := f.connect(nil).Claim(f.ctx, first); err != nil {
		t.Error(err)
	}
	broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Err: kerr.GroupAuthorizationFailed, Count: 1})
	if err := f.connect(nil).Claim(f.ctx, first); err == nil || !strings.Contains(err.Error(), "give it the permissions") {
		t.Errorf("got %v", err)
	}
}
