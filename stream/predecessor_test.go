package stream_test

import (
	"context"
	"errors"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"muster/stream"
	"muster/test/kit/kafka"
)

// leaveBehind makes a member of the group that never answers again, as a
// process leaves it that is killed. The group would miss it after a time that
// is longer than any test's.
func (f *fixture) leaveBehind(clientID string) {
	f.t.Helper()
	client := f.newClient(kgo.ClientID(clientID))
	join := kmsg.NewPtrJoinGroupRequest()
	join.Group, join.ProtocolType = f.cfg.Group, "consumer"
	join.SessionTimeoutMillis, join.RebalanceTimeoutMillis = ghostly, ghostly
	protocol := kmsg.NewJoinGroupRequestProtocol()
	metadata := kmsg.NewConsumerMemberMetadata()
	metadata.Topics = []string{f.cfg.Keyed}
	protocol.Name, protocol.Metadata = "range", metadata.AppendTo(nil)
	join.Protocols = append(join.Protocols, protocol)
	var joined *kmsg.JoinGroupResponse
	for {
		var err error
		if joined, err = join.RequestWith(f.ctx, client); err == nil {
			err = kerr.ErrorForCode(joined.ErrorCode)
		}
		join.MemberID = joined.MemberID
		if errors.Is(err, kerr.MemberIDRequired) {
			continue
		}
		if err != nil {
			f.t.Fatalf("joining as %s: %v", clientID, err)
		}
		break
	}
	sync := kmsg.NewPtrSyncGroupRequest()
	sync.Group, sync.MemberID, sync.Generation = f.cfg.Group, joined.MemberID, joined.Generation
	sync.ProtocolType, sync.Protocol = kmsg.StringPtr("consumer"), kmsg.StringPtr("range")
	res, err := sync.RequestWith(f.ctx, client)
	if err == nil {
		err = kerr.ErrorForCode(res.ErrorCode)
	}
	if err != nil {
		f.t.Fatalf("becoming a member as %s: %v", clientID, err)
	}
	client.Close()
}

// ghostly is longer than a test may take, in milliseconds.
const ghostly = int32(4 * patience / time.Millisecond)

// A member takes the place of what a killed process of its name has left.
func TestMemberTakesItsPredecessorsPlace(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.createTopic("keyed", 4)
	f.cfg.Instance = "one"
	f.leaveBehind("muster@one")
	taken := make(chan int, 100)
	o := newOwnership()
	f.join(f.connect(&stream.Observer{Succeeded: func(group string, members int, err error) {
		if group != f.cfg.Group || err != nil {
			t.Errorf("in group %s: %v", group, err)
		}
		taken <- members
	}}), o.own("again"))
	o.await(f, map[string]int{"again": 4})
	if n := await(f, taken, "the predecessor to be taken out"); n != 1 {
		t.Errorf("%d members were taken out", n)
	}
}

// Members of other names, and those without one, are left alone.
func TestMemberLeavesOthersAlone(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.createTopic("keyed", 6)
	o := newOwnership()
	f.cfg.Instance = ""
	f.join(f.connect(nil), o.own("unnamed")) // its client id is how that of a named one begins
	o.await(f, map[string]int{"unnamed": 6})
	for i, name := range []string{"one", "two"} {
		f.cfg.Instance = name
		f.join(f.connect(&stream.Observer{
			Succeeded: func(_ string, members int, err error) { t.Errorf("%s took %d members out: %v", name, members, err) },
		}), o.own(name))
		if i == 0 {
			o.await(f, map[string]int{"unnamed": 3, "one": 3})
		}
	}
	o.await(f, map[string]int{"unnamed": 2, "one": 2, "two": 2})
	for _, breach := range o.breaches {
		t.Error(breach)
	}
}

// Two that run at once under one name share the partitions, and both are told.
func TestTwinsShareAndAreTold(t *testing.T) {
	kafka.Beside(t)
	f := newFixture(t, kafka.Start(t))
	f.createTopic("keyed", 4)
	f.cfg.Instance, f.cfg.SessionTimeout = "one", 2*time.Second
	type sight struct{ group, instance string }
	owned := make(chan int, 10_000)
	for range 2 {
		told := make(chan sight, 10_000)
		f.join(f.connect(&stream.Observer{
			Twin: func(group, instance, _ string) { told <- sight{group, instance} },
		}), func(ctx context.Context, partition int) error {
			owned <- partition
			<-ctx.Done()
			return nil
		})
		await(f, owned, "a partition")
		defer func() {
			if s := await(f, told, "the twin to be told"); s != (sight{f.cfg.Group, "one"}) {
				t.Errorf("told is %+v", s)
			}
		}()
	}
}

// A group that can't be described costs nothing but the session timeout.
func TestPredecessorsThatCantBeSeenAreTold(t *testing.T) {
	broker := kafka.StartFakeFor(t)
	f := newFixture(t, broker)
	f.createTopic("keyed", 2)
	f.cfg.Instance = "one"
	broker.ControlKey(int16(kmsg.DescribeGroups), func(req kmsg.Request) (kmsg.Response, error, bool) {
		broker.KeepControl()
		res := kmsg.NewPtrDescribeGroupsResponse()
		res.Version = req.GetVersion()
		group := kmsg.NewDescribeGroupsResponseGroup()
		group.Group, group.ErrorCode = f.cfg.Group, kerr.GroupAuthorizationFailed.Code
		res.Groups = append(res.Groups, group)
		return res, nil, true
	})
	failed := make(chan error, 100)
	o := newOwnership()
	f.join(f.connect(&stream.Observer{Succeeded: func(_ string, _ int, err error) { failed <- err }}), o.own("one"))
	o.await(f, map[string]int{"one": 2})
	if err := await(f, failed, "the failure"); !errors.Is(err, kafkago.GroupAuthorizationFailed) {
		t.Errorf("the error is %v", err)
	}
}
