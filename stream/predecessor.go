package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
)

// A process that was killed stays a member of its groups until the session
// timeout, and so long its partitions are nobody's. kafka-go has no static
// membership, with which the group would know a process that comes again. So
// a member has the name of its instance in its client id, and one that begins
// takes whoever has the same client id out of the group.
//
// It does not ask whether that one is alive, because no answer is needed. A
// living one learns with its next heartbeat that it is no member any more and
// joins anew: that is one more rebalance. What it has begun meanwhile is
// refused by the epoch of the store, like that of a process which was frozen.
// A member does this once, when it begins, so that two of one name don't keep
// on doing it to each other.

const (
	// joinLead is how long a member has to show that it joins before those
	// that it replaces are taken out of the group.
	joinLead = time.Second
	// joinLook is how often that is looked at.
	joinLook = 20 * time.Millisecond
)

// predecessors returns the members that this instance has in the group before
// it joins. Without a name there are none.
func (m *member) predecessors(ctx context.Context) []string {
	if !m.cluster.cfg.named() {
		return nil
	}
	var ids []string
	err := insist(ctx, func() error {
		found, err := m.namesakes(ctx)
		ids = ids[:0]
		for _, other := range found {
			ids = append(ids, other.MemberID)
		}
		return err
	})
	if err != nil && ctx.Err() == nil {
		m.cluster.observer.succeeded(m.group, 0, fmt.Errorf("looking for members of this instance: %w", m.cluster.explain(err)))
		return nil
	}
	return ids
}

// namesakes returns the members of the group that have the client id of this
// instance.
func (m *member) namesakes(ctx context.Context) ([]kafka.DescribeGroupsResponseMember, error) {
	members, err := m.cluster.describe(ctx, m.group)
	if errors.Is(err, kafka.GroupIdNotFound) { // some brokers say so of a group that nobody has used
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []kafka.DescribeGroupsResponseMember
	for _, other := range members {
		if other.ClientID == m.cluster.cfg.groupClient() {
			found = append(found, other)
		}
	}
	return found, nil
}

// succeed takes predecessors out of the group, and tells the Observer.
func (m *member) succeed(ctx context.Context, predecessors []string) {
	if len(predecessors) == 0 {
		return
	}
	m.awaitJoin(ctx, predecessors)
	var errs []error
	for _, id := range predecessors {
		errs = append(errs, insist(ctx, func() error { return m.takeOut(ctx, id) }))
	}
	if err := errors.Join(errs...); ctx.Err() == nil {
		m.cluster.observer.succeeded(m.group, len(predecessors), m.cluster.explain(err))
	}
}

// awaitJoin waits until this process is seen to join, for joinLead at most. A
// group that is left by its last member has the next one wait for others,
// for 3 s unless the broker says otherwise (group.initial.rebalance.delay.ms);
// one that somebody is about to join goes on at once.
func (m *member) awaitJoin(ctx context.Context, predecessors []string) {
	ctx, cancel := context.WithTimeout(ctx, joinLead)
	defer cancel()
	for {
		found, _ := m.namesakes(ctx) // what fails is asked again
		joined := func(other kafka.DescribeGroupsResponseMember) bool {
			return !slices.Contains(predecessors, other.MemberID)
		}
		if slices.ContainsFunc(found, joined) || pause(ctx, joinLook) != nil {
			return
		}
	}
}

// takeOut removes a member from the group. One that is no member any more is
// as good.
func (m *member) takeOut(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	res, err := m.cluster.client.LeaveGroup(ctx, &kafka.LeaveGroupRequest{
		GroupID: m.group, Members: []kafka.LeaveGroupRequestMember{{ID: id}},
	})
	if err == nil {
		err = res.Error
	}
	if err == nil && len(res.Members) > 0 {
		err = res.Members[0].Error
	}
	if err != nil && !errors.Is(err, kafka.UnknownMemberId) {
		return fmt.Errorf("taking member %s out of the group: %w", id, err)
	}
	return nil
}

// lookForTwins tells the Observer of other members that have the name of this
// instance a session timeout after own became a member: what a dead process has
// left is gone by then.
func (m *member) lookForTwins(ctx context.Context, own string) {
	if !m.cluster.cfg.named() || pause(ctx, m.cluster.cfg.SessionTimeout) != nil {
		return
	}
	found, err := m.namesakes(ctx)
	if err != nil {
		return // the next generation looks again
	}
	for _, other := range found {
		if other.MemberID != own {
			m.cluster.observer.twin(m.group, m.cluster.cfg.Instance, other.ClientHost)
		}
	}
}
